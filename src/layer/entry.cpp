#include "slipway/layer/entry.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::layer {
namespace {

constexpr std::string_view kWhiteout = ".wh.";
constexpr std::string_view kOpaque = ".wh..wh..opq";

tl::unexpected<Error> refuse(const std::string& path, std::string_view why) {
  return fail(Errc::invalid_argument, "\"{}\" cannot be a path in an image: {}", printable(path, 4096), why);
}

}  // namespace

std::string tar_name(const FileEntry& entry) {
  switch (entry.type) {
    case EntryType::directory:
      return entry.path + "/";
    case EntryType::opaque:
      return entry.path.empty() ? std::string(kOpaque) : fmt::format("{}/{}", entry.path, kOpaque);
    case EntryType::whiteout: {
      const std::size_t slash = entry.path.rfind('/');
      const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
      return entry.path.substr(0, name) + std::string(kWhiteout) + entry.path.substr(name);
    }
    default:
      return entry.path;
  }
}

Result<std::string> image_path(const std::string& absolute) {
  if (has_control_characters(absolute)) return refuse(absolute, "it has control characters");
  return entry_path(absolute);
}

Result<std::string> entry_path(const std::string& absolute) {
  if (!absolute.starts_with('/')) return refuse(absolute, "it does not start with \"/\"");
  if (absolute.find('\0') != std::string::npos) return refuse(absolute, "it has a NUL");
  std::string out;
  out.reserve(absolute.size());
  for (std::size_t at = 1, end = 0; at <= absolute.size(); at = end + 1) {
    end = std::min(absolute.find('/', at), absolute.size());
    const std::string_view part = std::string_view(absolute).substr(at, end - at);
    if (part.empty() || part == ".") continue;
    if (part == "..") return refuse(absolute, "it has \"..\"");
    if (part.size() > 255) return refuse(absolute, "a component has more than 255 bytes");
    if (part.starts_with(kWhiteout)) {
      return refuse(absolute, "names that start with .wh. are whiteouts; use \"remove\" for those");
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  if (out.size() >= 4096) return refuse(absolute, "it has 4096 bytes or more");
  return out;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string joined(std::string_view folder, std::string_view name) {
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

}  // namespace slipway::layer
