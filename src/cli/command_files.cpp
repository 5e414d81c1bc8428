#include <functional>

#include "cli/command.h"
#include "cli/document_stream.h"
#include "cli/found_image.h"
#include "cli/watched_target.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/layer/paged_map.h"

namespace slipway::cli {
namespace {

using layer::EntryType;

constexpr std::size_t kMaxShown = 16u << 10;

std::string_view name_of(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return "directory";
    case EntryType::symlink:
      return "symlink";
    case EntryType::hardlink:
      return "hardlink";
    case EntryType::fifo:
      return "fifo";
    case EntryType::char_device:
      return "char-device";
    case EntryType::block_device:
      return "block-device";
    default:
      return "file";
  }
}

char letter_of(EntryType type) {
  switch (type) {
    case EntryType::directory:
      return 'd';
    case EntryType::symlink:
      return 'l';
    case EntryType::fifo:
      return 'p';
    case EntryType::char_device:
      return 'c';
    case EntryType::block_device:
      return 'b';
    default:
      return '-';
  }
}

/// The mode as ls prints it: "-rwxr-sr-t".
std::string mode_text(EntryType type, std::uint32_t mode) {
  std::string text(1, letter_of(type));
  for (int shift = 6; shift >= 0; shift -= 3) {
    const std::uint32_t bits = mode >> shift;
    text += (bits & 4u) != 0 ? 'r' : '-';
    text += (bits & 2u) != 0 ? 'w' : '-';
    text += (bits & 1u) != 0 ? 'x' : '-';
  }
  const auto special = [&](std::uint32_t bit, std::size_t at, char with, char without) {
    if ((mode & bit) != 0) text[at] = text[at] == 'x' ? with : without;
  };
  special(04000, 3, 's', 'S');
  special(02000, 6, 's', 'S');
  special(01000, 9, 't', 'T');
  return text;
}

std::string shown(const std::string& path) { return "/" + printable(path, kMaxShown); }

/// The number of hard links of each file that has some, by the layer and the name of its bytes. A long list of them is
/// on disk.
class LinkCounts {
 public:
  explicit LinkCounts(const layer::SpillPlace& spill) : counts_(spill) {}

  Status count(const image::FileList& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const image::ImageFile file = list.at(i);
      if (file.entry.type != EntryType::hardlink) continue;
      SLIPWAY_ASSIGN(const std::uint64_t known, links_of(file));
      SLIPWAY_TRY(counts_.put(key_of(file), std::to_string(known + 1)));
    }
    return list.status();
  }

  Result<std::uint64_t> links_of(const image::ImageFile& file) {
    if (counts_.empty()) return 0u;
    SLIPWAY_ASSIGN(const std::string* const found, counts_.find(key_of(file)));
    return found == nullptr ? 0u : parse_whole<std::uint64_t>(*found).value_or(0);
  }

 private:
  static std::string key_of(const image::ImageFile& file) { return fmt::format("{:08x}{}", file.layer, file.member); }

  layer::PagedMap counts_;
};

std::string long_line(const image::ImageFile& file, std::uint64_t names) {
  const layer::FileEntry& e = file.entry;
  const bool first = e.type != EntryType::hardlink;
  std::string size = std::to_string(e.size);
  if (e.type == EntryType::char_device || e.type == EntryType::block_device)
    size = fmt::format("{}, {}", e.device_major, e.device_minor);
  if (e.type == EntryType::symlink) size = std::to_string(e.link.size());
  std::string line = fmt::format("{} {} {} {} {:>10} {} {}", mode_text(e.type, e.mode), names, e.uid, e.gid, size,
                                 format_time(e.mtime), shown(e.path));
  if (e.type == EntryType::symlink) line += " -> " + printable(e.link, kMaxShown);
  if (!first) line += " link to " + shown(e.link);
  return line + "\n";
}

Json file_json(const image::ImageFile& file, const image::Image& image) {
  const layer::FileEntry& e = file.entry;
  Json json;
  json.set("path", shown(e.path)).set("type", name_of(e.type)).set("mode", fmt::format("{:04o}", e.mode));
  json.set("uid", static_cast<std::int64_t>(e.uid)).set("gid", static_cast<std::int64_t>(e.gid));
  json.set("size", static_cast<std::int64_t>(e.size)).set("mtime", e.mtime);
  if (e.type == EntryType::symlink) json.set("link", printable(e.link, kMaxShown));
  if (e.type == EntryType::hardlink) json.set("link", shown(e.link));
  if (e.type == EntryType::char_device || e.type == EntryType::block_device)
    json.set("device", fmt::format("{}:{}", e.device_major, e.device_minor));
  Json::Object xattrs;
  for (const auto& [name, value] : e.xattrs)
    xattrs.emplace_back(printable(name), base64_encode(value));
  if (!xattrs.empty()) json.set("xattrs", std::move(xattrs));
  json.set("layer", image.manifest.layers[file.layer].digest.str());
  return json;
}

struct FilesFlags {
  std::string reference;
  std::optional<std::string> platform, layer;
  bool long_form = false;
};

/// The name that slipway gave a layer, or an empty text: histories count layers alone.
std::vector<std::string> layer_names(const image::Image& image) {
  std::vector<std::string> names;
  for (const oci::History& line : image.config.history) {
    if (!line.empty_layer) names.push_back(line.comment);
  }
  names.resize(image.manifest.layers.size());
  return names;
}

/// The layer that a word means: its number as inspect counts, its name, or the beginning of its digest.
Result<std::uint32_t> layer_of(const image::Image& image, const std::string& word) {
  const auto& layers = image.manifest.layers;
  const auto number = parse_whole<std::size_t>(word);
  if (number && *number >= 1 && *number <= layers.size()) return static_cast<std::uint32_t>(*number - 1);
  const std::vector<std::string> names = layer_names(image);
  constexpr std::size_t kShortest = 6;
  for (std::uint32_t i = 0; i < layers.size(); ++i) {
    const bool is_prefix = word.size() >= kShortest && layers[i].digest.hex().starts_with(word);
    if (names[i] == word || layers[i].digest.str() == word || is_prefix) return i;
  }
  std::vector<std::string> known;
  for (const std::string& name : names) {
    if (!name.empty()) known.push_back(printable(name, 100));
  }
  return fail(error(Errc::not_found, "the image has no layer \"{}\"", printable(word, 100))
                  .with_hint(fmt::format("use --layer with a number from 1 to {}, a digest{}{}", layers.size(),
                                         known.empty() ? "" : ", or one of ", list_of(known, 20))));
}

/// A list of files as it is printed.
class FilesListing {
 public:
  FilesListing(Context& context, const image::Image& image, const image::FileList& list,
               std::optional<std::uint32_t> layer)
      : context_(context), image_(image), list_(list), layer_(layer) {}

  Status print_json(const FoundImage& found) {
    DocumentStream out(context_);
    SLIPWAY_TRY(out.member("schema", "slipway/v1/files"));
    SLIPWAY_TRY(out.member("location", context_.shown(found.location).str()));
    SLIPWAY_TRY(out.member("digest", image_.descriptor.digest.str()));
    SLIPWAY_TRY(out.member("platform", image_.config.platform.str()));
    SLIPWAY_TRY(out.open_list("files"));
    SLIPWAY_TRY(visit([&](const image::ImageFile& file) { return out.item(file_json(file, image_)); }));
    SLIPWAY_TRY(out.close());
    return out.finish();
  }

  Status print_text(bool long_form) {
    LinkCounts links(layer::spill_to_temporary(context_.fs()));
    if (long_form) SLIPWAY_TRY(links.count(list_));
    std::string lines;
    const auto print = [&](const image::ImageFile& file) -> Status {
      SLIPWAY_ASSIGN(const std::uint64_t count, file.member.empty() ? 0 : links.links_of(file));
      lines += long_form ? long_line(file, count + 1) : shown(file.entry.path) + "\n";
      if (lines.size() < io::kBlock) return {};
      SLIPWAY_TRY(context_.print_raw(lines));
      lines.clear();
      return {};
    };
    SLIPWAY_TRY(visit(print));
    return context_.print_raw(lines);
  }

 private:
  Status visit(const std::function<Status(const image::ImageFile&)>& visitor) const {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      const image::ImageFile file = list_.at(i);
      if (file.layer == layer_.value_or(file.layer)) SLIPWAY_TRY(visitor(file));
    }
    return list_.status();
  }

  Context& context_;
  const image::Image& image_;
  const image::FileList& list_;
  std::optional<std::uint32_t> layer_;  ///< the only one whose files are shown
};

Result<int> run_files(Context& context, const FilesFlags& f) {
  SLIPWAY_ASSIGN(FoundImage found, find_image(context, f.reference));
  found.target = watched(context, std::move(found.target));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  std::optional<std::uint32_t> layer;
  if (f.layer) {
    SLIPWAY_ASSIGN(layer, layer_of(image, *f.layer));
  }
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  FilesListing listing(context, image, list, layer);
  SLIPWAY_TRY(context.json() ? listing.print_json(found) : listing.print_text(f.long_form));
  return 0;
}

struct CatFlags {
  std::string reference, path;
  std::optional<std::string> platform;
};

Status print_all(Context& context, io::Source& content) {
  std::vector<std::byte> buffer(io::kBlock);
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
    if (n == 0) return {};
    SLIPWAY_TRY(context.print_raw(io::as_text(std::span<const std::byte>(buffer).first(n))));
  }
}

Result<int> run_cat(Context& context, const CatFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const image::Image image, load_found(found, f.platform));
  SLIPWAY_ASSIGN(const image::FileList list, file_lists(context).list(*found.target, image, context.stop()));
  auto opened = list.open(f.path.substr(std::min(f.path.find_first_not_of('/'), f.path.size())));
  if (!opened) return fail(std::move(opened).error().in("reading from " + context.shown(found.location).str()));
  const image::ImageFile file = *std::move(opened);
  if (file.member.empty()) {
    return fail(Error(Errc::invalid_argument,
                      fmt::format("{} is a {}, not a file", shown(file.entry.path), name_of(file.entry.type)))
                    .with_hint("see what is there with: slipway files REF"));
  }
  // The layer is read to its end even so: only then is it proved that these are its bytes.
  bool printed = false;
  const auto print = [&](const layer::FileEntry& entry, io::Source& content) -> Status {
    if (entry.path != file.member || entry.type != EntryType::regular) return {};
    if (printed) return fail(Errc::malformed, "its layer has {} twice", shown(file.member));
    printed = true;
    return print_all(context, content);
  };
  SLIPWAY_TRY(image::read_layer(*found.target, image, file.layer, print, context.stop()));
  return 0;
}

constexpr const char* kPlatformHelp = "use this platform's image of an index (default: this machine's)";

}  // namespace

Command files_command() {
  return {.name = "files",
          .aliases = {},
          .summary = "list the files that a container of an image sees",
          .description =
              "Merges the layers of an image and prints the absolute path of each file and folder, sorted by bytes. "
              "Reads every layer once and keeps the list in the cache.",
          .synopsis = "[-l] [--layer LAYER] [--platform OS/ARCH] REF",
          .examples = {{"every path", "slipway files oci:out:v1"},
                       {"those of one layer, by its name in slipway.yaml", "slipway files --layer app oci:out:v1"},
                       {"with modes, owners, sizes and times", "slipway files -l registry.example.com/team/app:v1"}},
          .see_also = {"cat", "diff", "unpack"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<FilesFlags>();
            options.flag("-l,--long", flags->long_form, "print mode, owner, size, time and link, too, like ls -l");
            options.value("--layer", "LAYER", flags->layer,
                          "print the files of one layer: its name, number (1 is the lowest) or digest");
            options.value("--platform", "OS/ARCH", flags->platform, kPlatformHelp);
            options.positional("REF", flags->reference, kImageHelp);
            return [flags](Context& context) { return run_files(context, *flags); };
          }};
}

Command cat_command() {
  return {.name = "cat",
          .aliases = {},
          .summary = "print one file of an image",
          .description =
              "Prints the bytes of the file at PATH as a container would see it. Follows symlinks inside the image.",
          .synopsis = "[--platform OS/ARCH] REF PATH",
          .examples = {{"which system it is", "slipway cat debian:12 /etc/os-release"},
                       {"a config file that was released", "slipway cat production /etc/hello/env"}},
          .statuses = {{13, "the image has no such path"}},
          .see_also = {"files", "unpack"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<CatFlags>();
            options.value("--platform", "OS/ARCH", flags->platform, kPlatformHelp);
            options.positional("REF", flags->reference, kImageHelp);
            options.positional("PATH", flags->path, "a file; symlinks are followed inside the image");
            return [flags](Context& context) { return run_cat(context, *flags); };
          }};
}

}  // namespace slipway::cli
