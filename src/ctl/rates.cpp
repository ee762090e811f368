// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/rates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace vmac::ctl {
namespace {

double per_second(std::uint64_t before, std::uint64_t now, double seconds) {
    return static_cast<double>(now >= before ? now - before : now) / seconds;
}

}  // namespace

void Rates::look(const CounterTable &counters, Clock::time_point now) {
    const double seconds = std::chrono::duration<double>(now - then_).count();
    Look look;
    for (const auto &[name, counts] : counters) {
        const auto known = before_.find(name);
        if (known == before_.end() || seconds <= 0) {
            continue;
        }
        for (const auto &[message, count] : counts) {
            if (const auto before = known->second.find(message); before != known->second.end()) {
                look[{name, message}] = {per_second(before->second.packets, count.packets, seconds),
                                         per_second(before->second.bytes, count.bytes, seconds)};
            }
        }
    }
    looks_.push_back(std::move(look));
    if (looks_.size() > depth_) {
        looks_.pop_front();
    }
    before_ = counters;
    then_ = now;
}

Rate Rates::last(const std::string &name, const std::string &message) const {
    if (looks_.empty()) {
        return {};
    }
    const auto found = looks_.back().find({name, message});
    return found == looks_.back().end() ? Rate{} : found->second;
}

std::vector<double> Rates::past(const std::string &name, const std::string &message) const {
    std::vector<double> past;
    past.reserve(looks_.size());
    for (const auto &look : looks_) {
        double packets = 0;
        for (auto rate = look.lower_bound({name, message}); rate != look.end() && rate->first.first == name; ++rate) {
            if (message.empty() || rate->first.second == message) {
                packets += rate->second.packets;
            }
        }
        past.push_back(packets);
    }
    return past;
}

std::string sparkline(const std::vector<double> &values, std::size_t width, bool utf8) {
    static constexpr std::array<std::string_view, 9> kBlocks = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static constexpr std::array<std::string_view, 9> kAscii = {" ", ".", ".", ":", "-", "=", "+", "*", "#"};
    const auto &steps = utf8 ? kBlocks : kAscii;
    const std::size_t skipped = values.size() > width ? values.size() - width : 0;
    double highest = 0;
    for (std::size_t i = skipped; i < values.size(); ++i) {
        highest = std::max(highest, values[i]);
    }
    std::string line;
    for (std::size_t i = skipped; i < values.size(); ++i) {
        // Whatever is more than nothing can be seen.
        const double height = highest > 0 ? std::ceil(values[i] / highest * static_cast<double>(steps.size() - 1)) : 0;
        line += steps[static_cast<std::size_t>(height)];
    }
    return line;
}

}  // namespace vmac::ctl
