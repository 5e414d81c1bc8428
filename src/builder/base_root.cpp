#include "builder/base_root.h"

#include "slipway/base/text.h"
#include "slipway/io/stream.h"

namespace slipway::builder {
namespace {

constexpr std::uint64_t kMaxLibrary = 512u << 20;
constexpr std::uint64_t kMaxText = 64u << 10;

/// True for files that are likely to be asked for next: they are remembered, so that a layer is read once.
bool is_likely_wanted(const std::string& path) {
  return path.find(".so") != std::string::npos || path.starts_with("etc/ld");
}

Result<std::string> read_whole(io::Source& content, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    SLIPWAY_ASSIGN(const std::size_t n,
                   content.read(std::span(reinterpret_cast<std::byte*>(bytes.data()) + done, bytes.size() - done)));
    if (n == 0) break;
    done += n;
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

std::string BaseRoot::name() const { return "the base " + base_.location.str(); }

Result<std::optional<elf::FoundFile>> BaseRoot::find(const std::string& path) {
  const auto opened = files_.open(elf::normal_path(path).substr(1));
  if (!opened || opened->member.empty()) return std::optional<elf::FoundFile>();
  elf::FoundFile found;
  found.root = this;
  found.path = elf::normal_path(path);
  found.target = found.real = "/" + opened->entry.path;
  return std::optional(std::move(found));
}

Result<std::vector<std::string>> BaseRoot::list(const std::string& folder) {
  std::vector<std::string> names;
  const auto opened = files_.open(elf::normal_path(folder).substr(1));
  if (!opened || opened->entry.type != layer::EntryType::directory) return names;
  const std::string prefix = opened->entry.path + "/";
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const std::string path = files_.at(i).entry.path;
    if (path.starts_with(prefix) && path.find('/', prefix.size()) == std::string::npos)
      names.push_back(path.substr(prefix.size()));
  }
  return names;
}

Result<std::string> BaseRoot::read(const elf::FoundFile& file, std::size_t limit) {
  SLIPWAY_ASSIGN(const Content* content, content_of(file));
  return content->start.substr(0, limit);
}

Result<std::shared_ptr<const elf::Object>> BaseRoot::object(const elf::FoundFile& file) {
  SLIPWAY_ASSIGN(const Content* content, content_of(file));
  return content->object;
}

Result<const BaseRoot::Content*> BaseRoot::content_of(const elf::FoundFile& file) {
  SLIPWAY_ASSIGN(const image::ImageFile opened, files_.open(file.real.substr(1)));
  const Place place(opened.layer, opened.member);
  if (contents_.find(place) == contents_.end()) SLIPWAY_TRY(read_layer(place));
  const auto found = contents_.find(place);
  if (found == contents_.end())
    return fail(Errc::malformed, "{}: its layer has no {}", name(), printable(opened.member, 4096));
  return &found->second;
}

Status BaseRoot::read_layer(const Place& wanted) {
  const auto visit = [&](const layer::FileEntry& entry, io::Source& content) -> Status {
    if (entry.type != layer::EntryType::regular || entry.size > kMaxLibrary) return {};
    if (entry.path != wanted.second && !is_likely_wanted(entry.path)) return {};
    SLIPWAY_ASSIGN(const std::string bytes, read_whole(content, entry.size));
    Content known{bytes.substr(0, kMaxText), nullptr};
    const std::string shown = fmt::format("/{} in {}", entry.path, name());
    auto object = elf::read_object(bytes, shown, which_);
    // Only what is asked for has to be sound.
    if (!object && entry.path == wanted.second) return fail(std::move(object).error());
    if (!object) return {};
    if (*object) {
      known.object = std::make_shared<const elf::Object>(**std::move(object));
      known.start.clear();
    }
    contents_.insert_or_assign(Place(wanted.first, entry.path), std::move(known));
    return {};
  };
  Status read = image::read_layer(*base_.target, image_, wanted.first, visit, stop_);
  if (!read) return fail(std::move(read).error().in(fmt::format("looking at the libraries of {}", name())));
  return {};
}

}  // namespace slipway::builder
