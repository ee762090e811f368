// SPDX-License-Identifier: GPL-2.0-or-later
// What a worker answers, and when an engine that fails is asked again. That a real worker crashes, hangs and is killed
// is tested with the unmodified daemon: tests/integration/test_worker.py.
#include "worker/remote_engine.hpp"

#include <gmock/gmock.h>

#include "support.hpp"
#include "worker/worker.hpp"

namespace vmac::worker {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kList = R"({"nftables":[{"list":{"ruleset":null}}]})";

/// Fails as often as it is told to, each time after a while.
class Failing final : public nft::TableEngine {
public:
    std::string outline(nft::Family family) override { return run(std::string("outline ") + to_string(family)); }
    std::string read(const std::string &query) override { return run("read " + query); }
    void change(const std::string &lines) override { run("change " + lines); }

    std::string run(const std::string &commands) override {
        ++runs;
        now += takes;
        if (failures > 0) {
            --failures;
            throw Error(code, "it crashed");
        }
        last = commands;
        return "ran " + commands;
    }

    std::string last;
    int runs = 0;
    int failures = 0;
    Errc code = Errc::EngineUnavailable;
    milliseconds takes{0};
    RestingEngine::Clock::time_point now;
};

class RestingEngineTest : public testing::Test {
protected:
    bool fails() {
        try {
            (void)engine.run("x");
        } catch (const Error &error) {
            EXPECT_EQ(error.code(), Errc::EngineUnavailable);
            EXPECT_STREQ(error.what(), "it crashed");
            return true;
        }
        return false;
    }

    Failing inner;
    std::vector<std::string> told;
    RestingEngine engine{inner, [this](const std::string &failure) { told.push_back(failure); },
                         [this] { return inner.now; }};
};

TEST_F(RestingEngineTest, HandsOnWhatGoesWell) {
    EXPECT_EQ(engine.run("x"), "ran x");
    EXPECT_THAT(told, IsEmpty());
}

TEST_F(RestingEngineTest, IsAskedAgainAfterAFirstFailure) {
    inner.failures = 1;
    EXPECT_TRUE(fails());
    EXPECT_FALSE(fails());
    EXPECT_EQ(inner.runs, 2);
    EXPECT_THAT(told, ElementsAre("it crashed"));
}

TEST_F(RestingEngineTest, IsNotAskedAgainWhenThatTookLong) {
    inner.failures = 1;
    inner.takes = milliseconds(3000);
    EXPECT_TRUE(fails());
    EXPECT_TRUE(fails());
    test::message_of(Errc::EngineUnavailable, [this] { (void)engine.look("x"); });
    EXPECT_EQ(inner.runs, 1);
    inner.now += milliseconds(1000);
    EXPECT_FALSE(fails());
}

TEST_F(RestingEngineTest, RestsLongerEachTime) {
    inner.failures = 1000;
    EXPECT_TRUE(fails());
    std::vector<long> rests;
    for (int i = 0; i < 6; ++i) {
        const int before = inner.runs;
        const auto begin = inner.now;
        while (fails() && inner.runs == before) {
            inner.now += milliseconds(100);
        }
        rests.push_back(std::chrono::duration_cast<milliseconds>(inner.now - begin).count());
    }
    EXPECT_THAT(rests, ElementsAre(0, 1000, 2000, 4000, 8000, 8000));
    EXPECT_THAT(told, ElementsAre("it crashed")) << "once for all of them";
}

TEST_F(RestingEngineTest, BeginsAnewWhenItWorksAgain) {
    inner.failures = 3;
    EXPECT_TRUE(fails());
    EXPECT_TRUE(fails());
    inner.now += milliseconds(1000);
    EXPECT_TRUE(fails());
    inner.now += milliseconds(2000);
    EXPECT_FALSE(fails());
    inner.failures = 1;
    EXPECT_TRUE(fails());
    EXPECT_FALSE(fails()) << "at once";
    EXPECT_EQ(told.size(), 2U);
}

TEST_F(RestingEngineTest, StillLooksWhileChangesFail) {
    for (int i = 0; i < 2; ++i) {
        inner.failures = 1;
        EXPECT_TRUE(fails());
        EXPECT_EQ(engine.look("x"), "ran x");
    }
    const int before = inner.runs;
    EXPECT_TRUE(fails()) << "that a look went well is no reason to try";
    EXPECT_EQ(inner.runs, before);
}

TEST_F(RestingEngineTest, StillChangesElementsWhereLibnftablesFails) {
    inner.failures = 2;
    EXPECT_TRUE(fails());
    EXPECT_TRUE(fails());
    EXPECT_TRUE(fails());
    EXPECT_EQ(engine.read("all\n"), "ran read all\n");
    engine.change("x");
    EXPECT_EQ(inner.last, "change x");
    inner.failures = 1;
    inner.takes = milliseconds(3000);
    test::message_of(Errc::EngineUnavailable, [this] { engine.change("x"); });
    test::message_of(Errc::EngineUnavailable, [this] { engine.read("all\n"); });
    EXPECT_EQ(engine.look("x"), "ran x") << "the other way round too";
}

TEST_F(RestingEngineTest, IsNotTiredByWhatTheKernelRefuses) {
    inner.code = Errc::KernelRejected;
    inner.failures = 5;
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(test::message_of(Errc::KernelRejected, [this] { (void)engine.run("x"); }), "it crashed");
    }
    EXPECT_EQ(inner.runs, 5);
    EXPECT_THAT(told, IsEmpty());
}

TEST(Worker, SaysHowItWent) {
    Failing engine;
    EXPECT_EQ(answer_to(engine, kList), "oran " + std::string(kList));
    engine.failures = 1;
    engine.code = Errc::KernelRejected;
    EXPECT_EQ(answer_to(engine, kList), "rit crashed");
    engine.failures = 1;
    engine.code = Errc::EngineUnavailable;
    EXPECT_EQ(answer_to(engine, kList), "uit crashed");
    EXPECT_EQ(answer_to(engine, "flush ruleset"), "nthe worker does not take what is not JSON");
    EXPECT_EQ(engine.runs, 3) << "what is not permitted is not run";
}

TEST(Worker, TellsApartWhatItIsAskedFor) {
    Failing engine;
    EXPECT_EQ(answer_to(engine, "read\nall\n"), "oran read all\n");
    EXPECT_EQ(answer_to(engine, "outline ip6"), "oran outline ip6");
    EXPECT_EQ(answer_to(engine, "change\nadd parent v6 7\n"), "o");
    EXPECT_EQ(engine.last, "change add parent v6 7\n");
    EXPECT_EQ(answer_to(engine, "outline inet"), "nthe worker does not take this family: \"inet\"");
    EXPECT_EQ(engine.runs, 3);
}

}  // namespace
}  // namespace vmac::worker
