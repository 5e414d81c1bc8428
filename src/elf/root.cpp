#include "slipway/elf/root.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr int kMaxLinks = 40;  // of one file's own names, as in the kernel

std::string joined(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

}  // namespace

std::string normal_path(const std::string& path) {
  std::vector<std::string> parts;
  for (std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(std::move(part));
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string& part : parts)
    out += "/" + part;
  return out.empty() ? "/" : out;
}

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

std::string name_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }

stdfs::path DiskRoot::on_disk(const std::string& path) const { return folder_ / path.substr(1); }

std::optional<PathStep> DiskRoot::step(const std::string& path) {
  if (const auto known = steps_.find(path); known != steps_.end()) return known->second;
  std::optional<PathStep> found;
  if (const auto stat = fs_.stat(folder_ / path)) {
    found = PathStep{stat->type == FileType::directory};
    if (stat->type == FileType::symlink) {
      auto text = fs_.read_link(folder_ / path);
      if (text) found->link = *std::move(text);
    }
  }
  return steps_.emplace(path, std::move(found)).first->second;
}

std::optional<std::string> DiskRoot::real_folder(const std::string& folder) {
  if (const auto known = folders_.find(folder); known != folders_.end()) return known->second;
  const auto lookup = [this](const std::string& path) { return step(path); };
  std::optional<std::string> real;
  if (const auto walked = walk_symlinks(folder, true, lookup)) {
    const auto there = walked->empty() ? PathStep{true} : step(*walked);
    if (there && there->is_folder) real = "/" + *walked;
  }
  return folders_.emplace(folder, std::move(real)).first->second;
}

Result<std::optional<FoundFile>> DiskRoot::find(const std::string& path) {
  if (const auto known = found_.find(path); known != found_.end()) return std::optional(known->second);
  SLIPWAY_ASSIGN(auto found, look(path));
  if (found) found_.emplace(path, *found);
  return found;
}

Result<std::optional<FoundFile>> DiskRoot::look(const std::string& path) {
  FoundFile found;
  found.root = this;
  found.path = found.target = normal_path(path);
  for (int hops = 0; hops < kMaxLinks; ++hops) {
    const std::string folder = parent_of(found.target);
    const auto real = real_folder(folder);
    if (!real) break;
    found.real = joined(*real, name_in(found.target));
    found.source = on_disk(found.real);
    const auto stat = fs_.stat(found.source);
    if (!stat) break;  // as for the loader, what cannot be opened is not there
    if (stat->type == FileType::regular) return std::optional(std::move(found));
    if (stat->type != FileType::symlink) break;
    SLIPWAY_ASSIGN(std::string text, fs_.read_link(found.source));
    Link link{found.target, text};
    if (text.starts_with('/')) {
      found.target = normal_path(text);
    } else if (*real != folder && text.find("..") != std::string::npos) {
      // Through a symlinked folder ".." leads elsewhere than its path says.
      link.text = found.target = normal_path(*real + "/" + text);
    } else {
      found.target = normal_path(folder + "/" + text);
    }
    found.links.push_back(std::move(link));
  }
  return std::optional<FoundFile>();
}

Result<std::vector<std::string>> DiskRoot::list(const std::string& folder) {
  const auto real = real_folder(normal_path(folder));
  if (!real) return std::vector<std::string>();
  return fs_.list(on_disk(*real));
}

Result<std::string> DiskRoot::read(const FoundFile& file, std::size_t limit) {
  SLIPWAY_ASSIGN(const auto opened, fs_.open(file.source));
  std::string bytes(limit, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const std::span<std::byte> rest(reinterpret_cast<std::byte*>(bytes.data()) + done, bytes.size() - done);
    SLIPWAY_ASSIGN(const std::size_t n, opened->read_at(rest, done));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

Result<std::shared_ptr<const Object>> DiskRoot::object(const FoundFile& file) {
  if (const auto known = objects_.find(file.real); known != objects_.end()) return known->second;
  SLIPWAY_ASSIGN(const auto opened, fs_.open(file.source));
  SLIPWAY_ASSIGN(auto object, read_object(*opened, file.source.native(), which_));
  auto shared = object ? std::make_shared<const Object>(*std::move(object)) : nullptr;
  objects_.emplace(file.real, shared);
  return shared;
}

}  // namespace slipway::elf
