#include "image/layer_diff.h"

#include <map>
#include <vector>

#include "image/tar_difference.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/image/file_list.h"
#include "slipway/io/compress.h"
#include "slipway/io/hash.h"
#include "slipway/layer/paged_map.h"

namespace slipway::image {
namespace {

using layer::EntryType;
using layer::FileEntry;
using Part = Difference::Part;
/// The header fields of an entry as text.
using Fields = std::map<std::string, std::string>;

std::string_view name_of(EntryType type) {
  constexpr std::string_view kNames[] = {"folder", "file",   "symlink",  "hard link", "fifo",
                                         "device", "device", "whiteout", "opaque"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<std::string> content_digest(io::Source& content, std::span<std::byte> buffer) {
  io::Hasher hasher;
  while (true) {
    SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
    if (n == 0) return hasher.finish().str();
    hasher.update(buffer.first(n));
  }
}

Result<Fields> fields_of(const FileEntry& entry, io::Source& content, std::span<std::byte> buffer) {
  Fields fields{{"type", std::string(name_of(entry.type))},
                {"mode", fmt::format("{:04o}", entry.mode)},
                {"owner", fmt::format("{}:{}", entry.uid, entry.gid)},
                {"mtime", format_time(entry.mtime)}};
  if (!entry.link.empty()) fields["link"] = entry.link;
  if (entry.type == EntryType::char_device || entry.type == EntryType::block_device) {
    fields["device"] = fmt::format("{} {}:{}", entry.type == EntryType::char_device ? 'c' : 'b', entry.device_major,
                                   entry.device_minor);
  }
  if (entry.type == EntryType::regular) {
    fields["size"] = std::to_string(entry.size);
    SLIPWAY_ASSIGN(fields["content"], content_digest(content, buffer));
  }
  for (const auto& [name, value] : entry.xattrs)
    fields["xattr " + name] = base64_encode(value);
  return fields;
}

void append_text(std::string& out, std::string_view text) {
  out += fmt::format("{}:", text.size());
  out += text;
}

std::string_view take_text(std::string_view& packed) {
  const std::size_t colon = packed.find(':');
  const auto size = static_cast<std::size_t>(parse_whole<std::uint64_t>(packed.substr(0, colon)).value_or(0));
  const std::string_view text = packed.substr(colon + 1, size);
  packed.remove_prefix(colon + 1 + size);
  return text;
}

/// An entry of A that no entry of B matched yet.
struct Known {
  Fields fields;
  std::uint64_t place = 0;  // among the entries of its layer

  std::string pack() const {
    std::string out;
    append_text(out, std::to_string(place));
    for (const auto& [field, value] : fields) {
      append_text(out, field);
      append_text(out, value);
    }
    return out;
  }

  static Known unpack(std::string_view packed) {
    Known known;
    known.place = parse_whole<std::uint64_t>(take_text(packed)).value_or(0);
    while (!packed.empty()) {
      const std::string_view field = take_text(packed);
      known.fields.emplace(field, take_text(packed));
    }
    return known;
  }
};

/// Remembers one layer and compares another with it. The memory for the entries is bounded by SpillPlace::memory.
class LayerComparison {
 public:
  LayerComparison(std::string layer, const DifferenceVisitor& visit, layer::SpillPlace spill)
      : layer_(std::move(layer)), visit_(visit), known_(std::move(spill)) {}

  Status remember(const FileEntry& entry, io::Source& content) {
    SLIPWAY_ASSIGN(Fields fields, fields_of(entry, content, buffer_));
    return known_.put(tar_name(entry), Known{std::move(fields), known_.size()}.pack());
  }

  Status compare(const FileEntry& entry, io::Source& content) {
    const std::string name = tar_name(entry);
    SLIPWAY_ASSIGN(const Fields fields, fields_of(entry, content, buffer_));
    SLIPWAY_ASSIGN(const std::string* const packed, known_.find(name));
    if (packed == nullptr) return tell(name, "", std::nullopt, summary(fields));
    const Known known = Known::unpack(*packed);
    if (known.place < furthest_ && out_of_order_.empty()) out_of_order_ = name;
    furthest_ = std::max(furthest_, known.place);
    SLIPWAY_TRY(compare_fields(name, known.fields, fields));
    return known_.erase(name);  // a second entry of this name in B has no match
  }

  /// Visits the entries that only A has. Returns true if any difference was visited.
  Result<bool> finish() {
    SLIPWAY_TRY(known_.visit("", [this](std::string_view name, std::string_view packed) -> Status {
      return tell(std::string(name), "", summary(Known::unpack(packed).fields), std::nullopt);
    }));
    if (!out_of_order_.empty()) SLIPWAY_TRY(tell(out_of_order_, "order", "later in the tar", "earlier in the tar"));
    return differs_;
  }

 private:
  static std::string summary(const Fields& fields) {
    const auto size = fields.find("size");
    return size == fields.end() ? fields.at("type") : fmt::format("{}, {} bytes", fields.at("type"), size->second);
  }

  Status tell(const std::string& name, std::string field, std::optional<std::string> a, std::optional<std::string> b) {
    differs_ = true;
    return visit_({Part::file, layer_, name, std::move(field), std::move(a), std::move(b)});
  }

  Status compare_fields(const std::string& name, const Fields& a, const Fields& b) {
    const auto value = [](const Fields& fields, const std::string& field) -> std::optional<std::string> {
      const auto at = fields.find(field);
      return at == fields.end() ? std::nullopt : std::optional(at->second);
    };
    Fields all = a;
    all.insert(b.begin(), b.end());
    for (const auto& [field, ignored] : all) {
      if (value(a, field) != value(b, field)) SLIPWAY_TRY(tell(name, field, value(a, field), value(b, field)));
    }
    return {};
  }

  std::string layer_;
  const DifferenceVisitor& visit_;
  layer::PagedMap known_;
  std::uint64_t furthest_ = 0;
  std::string out_of_order_;
  bool differs_ = false;
  std::vector<std::byte> buffer_ = std::vector<std::byte>(io::kBlock);
};

Result<std::unique_ptr<io::Source>> plain_layer(const ImageAt& at, std::size_t layer) {
  SLIPWAY_ASSIGN(auto source, at.target.fetch(at.image.manifest.layers[layer]));
  return io::decompressor(std::move(source));
}

/// Visits the remaining differences of equal entries: how a tar writer puts them into bytes.
Status compare_encodings(const ImageAt& a, std::size_t of_a, const ImageAt& b, std::size_t of_b,
                         const std::string& name, const DifferenceVisitor& visit, const layer::SpillPlace& spill) {
  SLIPWAY_ASSIGN(const auto plain_a, plain_layer(a, of_a));
  SLIPWAY_ASSIGN(const auto plain_b, plain_layer(b, of_b));
  bool differs = false;
  const auto tell = [&](const TarDifference& d) {
    differs = true;
    return visit({d.path.empty() ? Part::layer : Part::file, name, d.path, "tar " + d.field, d.a, d.b});
  };
  SLIPWAY_TRY(compare_tar_headers(*plain_a, *plain_b, tell, spill));
  if (differs) return {};
  return visit({Part::layer,
                name,
                {},
                "tar encoding",
                a.image.config.diff_ids[of_a].str(),
                b.image.config.diff_ids[of_b].str()});
}

}  // namespace

Status compare_layers(const ImageAt& a, std::size_t of_a, const ImageAt& b, std::size_t of_b, const std::string& name,
                      const DifferenceVisitor& visit, std::stop_token stop, const layer::SpillPlace& spill) {
  LayerComparison comparison(name, visit, spill);
  const auto remember = [&](const FileEntry& entry, io::Source& content) {
    return comparison.remember(entry, content);
  };
  const auto compare = [&](const FileEntry& entry, io::Source& content) { return comparison.compare(entry, content); };
  SLIPWAY_TRY(read_layer(a.target, a.image, of_a, remember, stop));
  SLIPWAY_TRY(read_layer(b.target, b.image, of_b, compare, stop));
  SLIPWAY_ASSIGN(const bool differs, comparison.finish());
  return differs ? Status() : compare_encodings(a, of_a, b, of_b, name, visit, spill);
}

}  // namespace slipway::image
