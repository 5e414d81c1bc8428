#include "slipway/base/symlink_walk.h"

#include <algorithm>
#include <vector>

#include "slipway/base/text.h"

namespace slipway {
namespace {

constexpr int kMaxLinks = 40;  // Linux's

/// Puts the parts of a path on a stack, the first one on top.
void push_parts(std::string_view path, std::vector<std::string>& stack) {
  std::vector<std::string> parts = split(path, '/');
  std::move(parts.rbegin(), parts.rend(), std::back_inserter(stack));
}

/// Removes the last component.
void leave_folder(std::string& path) {
  const std::size_t slash = path.rfind('/');
  path.resize(slash == std::string::npos ? 0 : slash);
}

}  // namespace

Result<std::string> walk_symlinks(std::string_view path, bool follow_last, const StepLookup& lookup,
                                  std::string_view from) {
  std::string at(from);
  std::vector<std::string> ahead;
  push_parts(path, ahead);
  for (int links = 0; !ahead.empty();) {
    const std::string part = std::move(ahead.back());
    ahead.pop_back();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      leave_folder(at);
      continue;
    }
    std::string next = at.empty() ? part : at + "/" + part;
    const bool last = ahead.empty();
    const auto there = lookup(next);
    if (there && there->link && (!last || follow_last)) {
      if (++links > kMaxLinks) {
        return fail(Errc::malformed, "/{} leads through more than {} symlinks", printable(path, 4096), kMaxLinks);
      }
      if (there->link->starts_with('/')) at.clear();
      push_parts(*there->link, ahead);
      continue;
    }
    if (there && !last && !there->is_folder) {
      return fail(Errc::not_found, "/{} lies below /{}, which is not a folder", printable(path, 4096),
                  printable(next, 4096));
    }
    at = std::move(next);
  }
  return at;
}

}  // namespace slipway
