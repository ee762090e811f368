// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/turns.hpp"

#include <utility>

namespace vmac::bus {

Turns::Place::Place(Turns &turns, std::string sender, std::size_t weight)
    : turns_(turns), sender_(std::move(sender)), weight_(weight) {
    turns_.lines_[sender_].weight += weight_;
}

Turns::Place::~Place() {
    const auto line = turns_.lines_.find(sender_);
    line->second.weight -= weight_;
    if (line->second.weight == 0) {
        turns_.lines_.erase(line);
    }
}

Turns::~Turns() {
    for (auto *senders : {&fresh_, &others_}) {
        while (!senders->empty()) {
            forget(std::string(senders->front()));
        }
    }
}

bool Turns::has_room(const std::string &sender) const {
    const auto line = lines_.find(sender);
    return line == lines_.end() || line->second.weight < kMostWaiting;
}

std::shared_ptr<const Turns::Place> Turns::admit(const std::string &sender, std::size_t weight) {
    return std::make_shared<const Place>(*this, sender, weight);
}

void Turns::add(std::shared_ptr<const Place> place, Work work) {
    const std::string &sender = place->sender();
    auto &calls = lines_.at(sender).calls;
    if (calls.empty()) {
        fresh_.push_back(sender);
    }
    calls.push_back({std::move(place), std::move(work)});
}

bool Turns::serve_one() {
    if (!is_any_waiting()) {
        return false;
    }
    was_fresh_ = !fresh_.empty() && (others_.empty() || !was_fresh_);
    auto &senders = was_fresh_ ? fresh_ : others_;
    const std::string sender = std::move(senders.front());
    senders.pop_front();
    auto &calls = lines_.at(sender).calls;
    const Call call = std::move(calls.front());
    calls.pop_front();
    if (!calls.empty()) {
        others_.push_back(sender);
    }
    call.work();
    return true;
}

void Turns::forget(const std::string &sender) {
    std::erase(fresh_, sender);
    std::erase(others_, sender);
    if (const auto line = lines_.find(sender); line != lines_.end()) {
        // Out of the line first: with its last place the line itself goes.
        const auto dropped = std::exchange(line->second.calls, {});
    }
}

}  // namespace vmac::bus
