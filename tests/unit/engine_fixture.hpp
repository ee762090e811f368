// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gmock/gmock.h>
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fake_engine.hpp"
#include "nft/engine.hpp"
#include "nft/watcher.hpp"
#include "support.hpp"

// libnftables itself in a network namespace of its own, and beside it the fake kernel, which must be like it.
namespace vmac::test {

inline nlohmann::json command(const char *text) {
    return {{"nftables", nlohmann::json::array({nlohmann::json::parse(text)})}};
}

/// A listing without what is the kernel's own business: versions, handles, the order of objects and elements.
inline nlohmann::json comparable(const std::string &listing) {
    using nlohmann::json;
    std::vector<json> objects;
    const json document = json::parse(listing);
    for (json object : document.at("nftables")) {
        if (object.contains("metainfo")) {
            continue;
        }
        json &body = *object.begin();
        body.erase("handle");
        if (body.contains("elem")) {
            std::sort(body["elem"].begin(), body["elem"].end());
        }
        json no_rule = json::array();
        for (json &statement : body.contains("expr") ? body["expr"] : no_rule) {
            if (statement.contains("match") && statement["match"]["right"] == "igmp") {
                statement["match"]["right"] = nft::kIgmpProtocol;  // a name only where there is an /etc/protocols
            }
        }
        objects.push_back(std::move(object));
    }
    std::ranges::stable_sort(objects, {}, [](const json &object) {
        const std::string &kind = object.begin().key();
        return kind + object.begin()->value(kind == "rule" ? "chain" : "name", "");
    });
    return objects;
}

/// What an engine answers: its output, or the error.
inline std::string answer_of(nft::Engine &engine, const nlohmann::json &commands) {
    try {
        return engine.run(commands.dump());
    } catch (const Error &error) {
        return std::string(error.code() == Errc::KernelRejected ? "rejected: " : "unexpected: ") + error.what();
    }
}

class InOwnNamespace : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "these tests need CAP_SYS_ADMIN: " << std::strerror(errno);
        ASSERT_EQ(if_nametoindex("lo"), 1U);
    }

    /// Ends the process that talks to the kernel, as far as the kernel can tell.
    void restart_kernel() {
        std::destroy_at(&kernel);
        std::construct_at(&kernel);
    }

    nft::LibnftablesEngine kernel;
};

/// Gives the same commands to both.
class BothKernels : public InOwnNamespace {
protected:
    void SetUp() override {
        InOwnNamespace::SetUp();
        watcher.emplace();
        ASSERT_EQ(watcher->failure(), "");
    }

    /// Both must take @p commands, or both refuse them, and then hold the same. @return whether they were taken
    bool taken(const nlohmann::json &commands) {
        const std::string real = answer_of(kernel, commands);
        const std::string faked = answer_of(fake, commands);
        EXPECT_EQ(real.starts_with("rejected"), faked.starts_with("rejected"))
            << commands << "\nkernel: " << real << "\nfake: " << faked;
        // The fake one also tells of what has changed nothing.
        EXPECT_LE(watcher->take().transactions.size(), fake.watcher.take().transactions.size()) << commands;
        EXPECT_THAT(real, testing::Not(testing::HasSubstr("unexpected")));
        for (const nft::Family family : nft::kFamilies) {
            const std::string real_listing = answer_of(kernel, nft::list_table(family));
            const std::string fake_listing = answer_of(fake, nft::list_table(family));
            EXPECT_EQ(real_listing.starts_with("rejected"), fake_listing.starts_with("rejected")) << real_listing;
            if (!real_listing.starts_with("rejected") && !fake_listing.starts_with("rejected")) {
                EXPECT_EQ(comparable(real_listing), comparable(fake_listing)) << commands;
            }
        }
        return real.empty();
    }

    bool taken(const char *text) { return taken(command(text)); }

    FakeEngine fake;
    std::optional<nft::NetlinkWatcher> watcher;  ///< of the real one
};

}  // namespace vmac::test
