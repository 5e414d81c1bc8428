#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace slipway {

/// A stack with one value for each folder on the way to the last path. Paths in the order of a tree share most of their
/// way with the one before, so each folder is looked up a few times only, however deep it is.
///
/// Order of calls for each path: go_back(path), then add(next_name(path), value) until is_at(path). Paths are relative,
/// without a leading or trailing slash; "" is the root. One thread at a time.
template <class Found>
class PathTrail {
 public:
  /// Removes the folders that are neither `path` nor above it.
  void go_back(std::string_view path) {
    const auto differ = std::mismatch(last_.begin(), last_.end(), path.begin(), path.end()).first;
    const auto common = static_cast<std::size_t>(differ - last_.begin());
    while (!steps_.empty() && !(steps_.back().end <= common && ends_at(path, steps_.back().end)))
      steps_.pop_back();
    last_.resize(steps_.empty() ? 0 : steps_.back().end);
  }
  /// True if the last folder known is `path` itself, after go_back(path).
  bool is_at(std::string_view path) const { return last_.size() == path.size(); }
  /// Returns the next name of `path` behind the last folder known, after go_back(path).
  std::string_view next_name(std::string_view path) const {
    const std::size_t start = last_.empty() ? 0 : last_.size() + 1;
    return path.substr(start, path.find('/', start) - start);
  }
  /// Adds the value of the next folder, which has that name.
  void add(std::string_view name, Found found) {
    if (!last_.empty()) last_ += '/';
    last_ += name;
    steps_.push_back({last_.size(), std::move(found)});
  }
  /// Removes every second folder, but not the last one.
  void thin_out() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (i % 2 != 0 || i + 1 == steps_.size()) std::swap(steps_[kept++], steps_[i]);
    }
    steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(kept), steps_.end());
  }
  void clear() {
    last_.clear();
    steps_.clear();
  }
  bool empty() const { return steps_.empty(); }
  std::size_t size() const { return steps_.size(); }
  /// Returns the value of the last folder; the trail must not be empty.
  const Found& back() const { return steps_.back().found; }
  /// Returns true if `matches` is true for the value of any folder.
  template <class Predicate>
  bool any_of(const Predicate& matches) const {
    return std::any_of(steps_.begin(), steps_.end(), [&](const Step& step) { return matches(step.found); });
  }

 private:
  struct Step {
    std::size_t end;  ///< bytes of last_ that lead to it
    Found found;
  };
  static bool ends_at(std::string_view path, std::size_t end) { return end == path.size() || path[end] == '/'; }

  std::string last_;  ///< the path of the last folder
  std::vector<Step> steps_;
};

}  // namespace slipway
