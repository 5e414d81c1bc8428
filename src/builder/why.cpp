#include "slipway/builder/why.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "slipway/elf/object.h"
#include "slipway/elf/root.h"

namespace slipway::builder {
namespace {

constexpr std::uint64_t kLargest = 512u << 20;  // bytes of a program that is looked at

/// The place of a file's bytes: its layer and the name there.
using BytesPlace = std::pair<std::uint32_t, std::string>;

/// The files that one ELF file asks for.
struct Asking {
  BytesPlace place;
  std::string path;
  bool program = false;  ///< started, not loaded
  std::vector<NeedStep> asks;
};

class Reader {
 public:
  Reader(store::ReadTarget& from, const image::Image& image, const image::FileList& list) : from_(from), image_(image) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const image::ImageFile file = list.at(i);
      image::ImageFile real = file;
      if (file.entry.type == layer::EntryType::symlink) {
        auto opened = list.open(file.entry.path);
        if (!opened) continue;
        real = *std::move(opened);
      }
      if (!real.member.empty()) names_[{real.layer, real.member}].push_back("/" + file.entry.path);
    }
  }

  const std::vector<std::string>& names_of(const BytesPlace& place) { return names_[place]; }

  Result<std::vector<Asking>> read(std::stop_token stop) {
    std::vector<Asking> all;
    for (std::size_t i = 0; i < image_.manifest.layers.size(); ++i) {
      const auto visit = [&](const layer::FileEntry& entry, io::Source& content) {
        return look({static_cast<std::uint32_t>(i), entry.path}, entry, content, all);
      };
      SLIPWAY_TRY(image::read_layer(from_, image_, i, visit, stop));
    }
    return all;
  }

 private:
  Status look(const BytesPlace& place, const layer::FileEntry& entry, io::Source& content, std::vector<Asking>& all) {
    const auto names = names_.find(place);
    const bool file = entry.type == layer::EntryType::regular && entry.size <= kLargest;
    if (!file || names == names_.end() || names->second.empty()) return {};
    SLIPWAY_ASSIGN(const std::string bytes, elf_bytes(content, entry.size));
    // A damaged program asks for nothing that anybody could tell.
    const auto object = elf::read_object(bytes, entry.path);
    if (!object || !*object) return {};
    Asking asking{place, names->second.front(), !(*object)->interpreter.empty() && (*object)->soname.empty(), {}};
    for (const std::string& name : (*object)->needed)
      asking.asks.push_back({asking.path, name});
    if (!(*object)->interpreter.empty()) asking.asks.push_back({asking.path, (*object)->interpreter, true});
    for (const elf::DlopenWish& wish : (*object)->dlopens) {
      for (const std::string& name : wish.sonames)
        asking.asks.push_back({asking.path, name, false, true});
    }
    all.push_back(std::move(asking));
    return {};
  }

  /// All bytes of an ELF file, the first ones of any other.
  static Result<std::string> elf_bytes(io::Source& content, std::uint64_t size) {
    constexpr std::size_t kStart = 4096;
    std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, kStart)), '\0');
    std::size_t got = 0;
    while (got < bytes.size()) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(std::as_writable_bytes(std::span(bytes)).subspan(got)));
      if (n == 0) break;
      got += n;
      if (got == bytes.size() && bytes.starts_with("\x7f"
                                                   "ELF"))
        bytes.resize(static_cast<std::size_t>(size));
    }
    bytes.resize(got);
    return bytes;
  }

  store::ReadTarget& from_;
  const image::Image& image_;
  std::map<BytesPlace, std::vector<std::string>> names_;
};

/// The shortest way from the file back to a program.
class ChainFinder {
 public:
  ChainFinder(Reader& reader, const std::vector<Asking>& all) : reader_(reader), all_(all) {}

  std::vector<NeedStep> find(const BytesPlace& target) {
    std::map<BytesPlace, std::pair<BytesPlace, NeedStep>> towards;  // who asks -> for what
    std::set<BytesPlace> seen{target};
    std::deque<BytesPlace> queue{target};
    std::optional<BytesPlace> root;
    while (!queue.empty()) {
      const BytesPlace at = queue.front();
      queue.pop_front();
      bool needed = false;
      for (const Asking& asking : all_) {
        const NeedStep* step = asks_for(asking, at);
        if (step == nullptr) continue;
        needed = true;
        if (!seen.insert(asking.place).second) continue;
        towards.emplace(asking.place, std::pair(at, *step));
        if (asking.program) return way(asking.place, target, towards);
        queue.push_back(asking.place);
      }
      if (!needed && at != target && !root) root = at;
    }
    return root ? way(*root, target, towards) : std::vector<NeedStep>();
  }

 private:
  const NeedStep* asks_for(const Asking& asking, const BytesPlace& wanted) {
    if (asking.place == wanted) return nullptr;
    for (const std::string& path : reader_.names_of(wanted)) {
      const std::string name = elf::name_in(path);
      for (const NeedStep& step : asking.asks) {
        if (step.name == path || (!step.loader && step.name == name)) return &step;
      }
    }
    return nullptr;
  }

  static std::vector<NeedStep> way(BytesPlace at, const BytesPlace& target,
                                   const std::map<BytesPlace, std::pair<BytesPlace, NeedStep>>& towards) {
    std::vector<NeedStep> chain;
    while (at != target) {
      const auto& [next, step] = towards.at(at);
      chain.push_back(step);
      at = next;
    }
    return chain;
  }

  Reader& reader_;
  const std::vector<Asking>& all_;
};

/// The words of the history for a layer, where the history tells of every one.
std::vector<std::string> history_of(const oci::ImageConfig& config, std::uint32_t layer) {
  std::vector<std::string> words;
  std::size_t at = 0, layers = 0;
  for (const oci::History& step : config.history)
    layers += step.empty_layer ? 0 : 1;
  if (layers != config.diff_ids.size()) return words;
  for (const oci::History& step : config.history) {
    if (step.empty_layer || at++ != layer) continue;
    for (const std::string& text : {step.created_by, step.comment}) {
      if (!text.empty()) words.push_back(text);
    }
  }
  return words;
}

bool starts(const oci::ImageConfig& config, const image::FileList& list, const BytesPlace& place) {
  const auto& words = config.entrypoint.empty() ? config.cmd : config.entrypoint;
  if (words.empty() || !words.front().starts_with('/')) return false;
  const auto opened = list.open(words.front().substr(1));
  return opened && BytesPlace(opened->layer, opened->member) == place;
}

}  // namespace

Result<FileOrigin> explain_file(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                                const std::string& path, std::stop_token stop) {
  const std::string relative = path.substr(std::min(path.find_first_not_of('/'), path.size()));
  SLIPWAY_ASSIGN(image::ImageFile file, list.open(relative));
  FileOrigin origin{std::move(file), {}, {}, false, {}};
  origin.created_by = history_of(image.config, origin.file.layer);
  if (origin.file.member.empty()) return origin;
  const BytesPlace place(origin.file.layer, origin.file.member);
  Reader reader(from, image, list);
  for (const std::string& name : reader.names_of(place)) {
    if (name != "/" + origin.file.entry.path) origin.names.push_back(name);
  }
  origin.started = starts(image.config, list, place);
  SLIPWAY_ASSIGN(const auto all, reader.read(std::move(stop)));
  origin.chain = ChainFinder(reader, all).find(place);
  return origin;
}

}  // namespace slipway::builder
