// SPDX-License-Identifier: GPL-2.0-or-later
// The socket between daemon and worker: of any bytes, the texts that come out are those that went in, and what is torn
// or too long is refused. What one side sends, the other receives.
#include "worker/channel.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using worker::Channel;

/// More than that a socket would keep, and there is nobody who reads meanwhile.
constexpr std::size_t kMostBytes = 16384;

std::array<Descriptor, 2> make_pair() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        throw std::system_error(errno, std::generic_category(), "socketpair");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The first text in these bytes, taken off; nothing where they hold no whole one.
std::optional<std::string> take(std::string_view &bytes) {
    if (bytes.size() < 4) {
        return std::nullopt;
    }
    std::size_t length = 0;
    for (const unsigned shift : {0U, 8U, 16U, 24U}) {
        length |= std::size_t{static_cast<unsigned char>(bytes[shift / 8])} << shift;
    }
    if (length > bytes.size() - 4) {
        return std::nullopt;
    }
    std::string text(bytes.substr(4, length));
    bytes.remove_prefix(4 + length);
    return text;
}

void try_bytes(std::string_view bytes) {
    auto [here, there] = make_pair();
    if (send(there.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
        throw std::system_error(errno, std::generic_category(), "send");
    }
    there = Descriptor();
    const Channel channel(std::move(here));
    while (true) {
        const auto expected = take(bytes);
        try {
            const auto text = channel.receive(Channel::Clock::now());
            require(text == expected, "a text comes as it was sent");
            require(text || bytes.empty(), "the end is between two texts");
        } catch (const std::system_error &error) {
            require(error.code() == std::errc::protocol_error && !expected && !bytes.empty(),
                    "what is torn is refused");
            return;
        }
        if (!expected) {
            return;
        }
    }
}

void try_recipe(Recipe recipe) {
    auto [here, there] = make_pair();
    std::vector<std::string> texts;
    recipe.several(5, [&] { texts.push_back(recipe.text(255)); });
    {
        const Channel sender(std::move(there));
        for (const auto &text : texts) {
            sender.send(text, Channel::Clock::now());
        }
    }
    const Channel receiver(std::move(here));
    for (const auto &text : texts) {
        require(receiver.is_readable() && receiver.receive(Channel::Clock::now()) == text, "what is sent is received");
    }
    require(!receiver.receive(Channel::Clock::now()), "then comes the end");
}

}  // namespace

void try_input(Input input) {
    try_bytes(text_of(input).substr(0, kMostBytes));
    try_recipe(Recipe(input));
}

}  // namespace vmac::fuzz
