// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace vmac::bus {

/// Who is served next. Without it calls would be served as they come, and one client that sends ten thousand keeps all
/// others waiting for as many transactions and syncs of the disk. Here the calls of each sender wait in a line of their
/// own, and each line gets one call served in turn. Every other turn is for those who had nothing waiting when they
/// called: whoever waits for each answer before calling again comes next, however many others keep their lines full,
/// and these share the other half (much as the sparse flows of FQ-CoDel, RFC 8290, 4.2).
///
/// How many senders there are is limited by the bus (max_connections_per_user and max_completed_connections of
/// dbus-daemon(1)), how many calls of one sender wait is limited here.
class Turns {
public:
    using Work = std::function<void()>;

    /// Once the calls of one sender that wait, for polkit or for their turn, weigh so much, no more are let in.
    static constexpr std::size_t kMostWaiting = 64;

    /// The place of one call that waits; free again when this ends. Must not outlive the turns.
    class Place {
    public:
        Place(Turns &turns, std::string sender, std::size_t weight);
        ~Place();
        Place(const Place &) = delete;
        Place &operator=(const Place &) = delete;

        [[nodiscard]] const std::string &sender() const { return sender_; }

    private:
        Turns &turns_;
        std::string sender_;
        std::size_t weight_;
    };

    Turns() = default;
    ~Turns();
    Turns(const Turns &) = delete;
    Turns &operator=(const Turns &) = delete;

    /// Whether one more call of this sender may be let in, however large it is.
    [[nodiscard]] bool has_room(const std::string &sender) const;

    /// Lets a call in. @param weight is 1 for a call that takes little memory
    [[nodiscard]] std::shared_ptr<const Place> admit(const std::string &sender, std::size_t weight = 1);

    /// Has @p work done when its turn comes. It must not throw.
    void add(std::shared_ptr<const Place> place, Work work);

    [[nodiscard]] bool is_any_waiting() const { return !fresh_.empty() || !others_.empty(); }

    /// Does what is next, if there is anything. Whether there was.
    bool serve_one();

    /// Drops what waits for a sender that is not there any more.
    void forget(const std::string &sender);

private:
    struct Call {
        std::shared_ptr<const Place> place;
        Work work;
    };

    struct Line {
        std::size_t weight = 0;  ///< of all that have a place, also of those that wait for polkit
        std::deque<Call> calls;
    };

    std::map<std::string, Line> lines_;  ///< of those senders that have a place
    std::deque<std::string> fresh_;      ///< senders who had nothing waiting when they called, in their order
    std::deque<std::string> others_;     ///< senders of whom more waited when they were served, in their order
    bool was_fresh_ = false;             ///< who was served last
};

}  // namespace vmac::bus
