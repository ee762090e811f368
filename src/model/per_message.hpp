// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "model/message.hpp"

namespace vmac {

/// A map from messages to values, as std::map is one, in the order of the messages. It needs no memory of its own:
/// there is one for each of thousands of interfaces, and almost each holds almost all messages.
///
/// What iterators give are pairs made on the spot: the message, and a reference to the value, which stays where it is
/// for as long as the map does.
template <typename T>
class PerMessage {
    static_assert(kAllMessages.size() <= 8, "one bit of present_ is for each");

    template <typename Map, typename Value>
    class Iterator {
    public:
        using value_type = std::pair<Message, T>;
        using reference = std::pair<Message, Value &>;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        /// Keeps what operator->() points to.
        struct pointer {
            reference kept;
            reference *operator->() { return &kept; }
        };

        Iterator() = default;
        Iterator(Map *map, std::size_t index) : map_(map), index_(index) { skip_absent(); }

        reference operator*() const { return {kAllMessages[index_], map_->values_[index_]}; }
        pointer operator->() const { return {**this}; }

        Iterator &operator++() {
            ++index_;
            skip_absent();
            return *this;
        }

        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }

        bool operator==(const Iterator &) const = default;

    private:
        void skip_absent() {
            while (index_ < kAllMessages.size() && !map_->has(index_)) {
                ++index_;
            }
        }

        Map *map_ = nullptr;
        std::size_t index_ = 0;
    };

public:
    using key_type = Message;
    using mapped_type = T;
    using value_type = std::pair<Message, T>;
    using iterator = Iterator<PerMessage, T>;
    using const_iterator = Iterator<const PerMessage, const T>;

    PerMessage() = default;

    PerMessage(std::initializer_list<value_type> values) {
        for (const auto &[message, value] : values) {
            try_emplace(message, value);
        }
    }

    [[nodiscard]] iterator begin() { return {this, 0}; }
    [[nodiscard]] iterator end() { return {this, kAllMessages.size()}; }
    [[nodiscard]] const_iterator begin() const { return {this, 0}; }
    [[nodiscard]] const_iterator end() const { return {this, kAllMessages.size()}; }

    [[nodiscard]] bool contains(Message message) const { return has(index_of(message)); }
    [[nodiscard]] iterator find(Message message) {
        return contains(message) ? iterator(this, index_of(message)) : end();
    }
    [[nodiscard]] const_iterator find(Message message) const {
        return contains(message) ? const_iterator(this, index_of(message)) : end();
    }

    /// Makes one where there is none.
    T &operator[](Message message) {
        try_emplace(message, T{});
        return values_[index_of(message)];
    }

    /// @throws std::out_of_range
    [[nodiscard]] T &at(Message message) {
        require(message);
        return values_[index_of(message)];
    }
    [[nodiscard]] const T &at(Message message) const {
        require(message);
        return values_[index_of(message)];
    }

    /// Whether there was none.
    bool try_emplace(Message message, const T &value) {
        if (contains(message)) {
            return false;
        }
        present_ |= bit(index_of(message));
        values_[index_of(message)] = value;
        return true;
    }

    /// How many there were: none or one.
    std::size_t erase(Message message) {
        const bool was_there = contains(message);
        present_ &= static_cast<std::uint8_t>(~bit(index_of(message)));
        values_[index_of(message)] = T{};
        return was_there ? 1 : 0;
    }

    void clear() { *this = {}; }

    [[nodiscard]] bool empty() const { return present_ == 0; }
    [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

    /// What is absent has a value of its own that is always the same.
    bool operator==(const PerMessage &) const = default;

private:
    static constexpr std::size_t index_of(Message message) { return static_cast<std::size_t>(message); }
    static constexpr std::uint8_t bit(std::size_t index) { return static_cast<std::uint8_t>(1U << index); }

    static_assert(std::ranges::all_of(kAllMessages,
                                      [](Message message) {
                                          return index_of(message) < kAllMessages.size() &&
                                                 kAllMessages[index_of(message)] == message;
                                      }),
                  "each message is at the place that its number says");

    [[nodiscard]] bool has(std::size_t index) const { return (present_ & bit(index)) != 0; }

    void require(Message message) const {
        if (!contains(message)) {
            throw std::out_of_range("there is nothing for this message");
        }
    }

    std::array<T, kAllMessages.size()> values_{};
    std::uint8_t present_ = 0;
};

}  // namespace vmac
