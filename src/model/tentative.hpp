// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace vmac {

/// Changes of a std::map that are in place at once, and are taken back at the end unless they are kept. Costs as much
/// as there are changes, however large the map; taking back needs no memory and does not throw.
template <typename Map>
class Tentative {
public:
    using Key = typename Map::key_type;
    using Value = typename Map::mapped_type;

    /// @param map must outlive this, and only be changed by it until then
    explicit Tentative(Map &map) : map_(map) {}

    Tentative(const Tentative &) = delete;
    Tentative &operator=(const Tentative &) = delete;

    ~Tentative() { take_back(); }

    /// Makes the map what it was; there are no changes any more.
    void take_back() {
        if (kept_) {
            return;
        }
        while (!changes_.empty()) {
            map_.erase(changes_.back().key);
            map_.insert(std::move(changes_.back().before));
            changes_.pop_back();
        }
        if (whole_) {
            map_.swap(*whole_);
            whole_.reset();
        }
    }

    /// What @p key has from now on; nothing takes it out. Once for each key, and not after replace().
    void assign(const Key &key, std::optional<Value> value) {
        const auto found = map_.find(key);
        if (found == map_.end() ? !value : value && found->second == *value) {
            return;
        }
        changes_.push_back({key, {}});
        if (found != map_.end()) {
            changes_.back().before = map_.extract(found);
        }
        if (value) {
            map_.emplace(key, std::move(*value));
        }
    }

    /// All that is in the map from now on.
    void replace(Map map) {
        whole_.emplace(std::move(map));
        map_.swap(*whole_);
    }

    /// Calls @p tell(key, before, now) for each that is another one, in no particular order: pointers to the values,
    /// nullptr where there is none.
    template <typename Tell>
    void for_each_difference(Tell tell) const {
        for (const auto &[key, before] : changes_) {
            const auto now = map_.find(key);
            tell(key, before ? &before.mapped() : nullptr, now == map_.end() ? nullptr : &now->second);
        }
        if (whole_) {
            compare(*whole_, map_, tell);
        }
    }

    /// Lets the changes stay, the differences known.
    void keep() { kept_ = true; }

private:
    struct Change {
        Key key;
        typename Map::node_type before;  ///< empty where there was nothing
    };

    template <typename Tell>
    static void compare(const Map &before, const Map &now, Tell tell) {
        constexpr const Value *kNothing = nullptr;
        auto old = before.begin();
        auto fresh = now.begin();
        while (old != before.end() || fresh != now.end()) {
            if (fresh == now.end() || (old != before.end() && old->first < fresh->first)) {
                tell(old->first, &old->second, kNothing);
                ++old;
            } else if (old == before.end() || fresh->first < old->first) {
                tell(fresh->first, kNothing, &fresh->second);
                ++fresh;
            } else {
                if (!(old->second == fresh->second)) {
                    tell(old->first, &old->second, &fresh->second);
                }
                ++old;
                ++fresh;
            }
        }
    }

    Map &map_;
    std::vector<Change> changes_;
    std::optional<Map> whole_;  ///< what the map was before replace()
    bool kept_ = false;
};

/// The same for a value that is no map.
template <typename Value>
class TentativeValue {
public:
    /// @param value must outlive this
    explicit TentativeValue(Value &value) : value_(value) {}

    TentativeValue(const TentativeValue &) = delete;
    TentativeValue &operator=(const TentativeValue &) = delete;

    ~TentativeValue() { take_back(); }

    void take_back() {
        if (before_ && !kept_) {
            std::swap(value_, *before_);
            before_.reset();
        }
    }

    /// At most once, unless it is taken back.
    void assign(Value value) {
        before_.emplace(std::move(value));
        std::swap(value_, *before_);
    }

    /// What it was before.
    [[nodiscard]] const Value &before() const { return before_ ? *before_ : value_; }

    void keep() { kept_ = true; }

private:
    Value &value_;
    std::optional<Value> before_;
    bool kept_ = false;
};

}  // namespace vmac
