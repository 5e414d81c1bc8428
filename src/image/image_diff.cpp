#include "slipway/image/image_diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "image/config_diff.h"
#include "image/layer_diff.h"
#include "slipway/base/text.h"

namespace slipway::image {
namespace {

using Part = Difference::Part;

/// The names that the lines of the history give the layers (slipway writes them as comments); empty without one.
std::vector<std::string> layer_names(const Image& image) {
  std::vector<std::string> names;
  for (const oci::History& line : image.config.history) {
    if (!line.empty_layer) names.push_back(line.comment);
  }
  names.resize(image.manifest.layers.size());
  return names;
}

std::string layer_text(const oci::Descriptor& layer) {
  return fmt::format("{} {}, {} bytes", layer.media_type, layer.digest.str(), layer.size);
}

/// The header of a compressed stream, as far as it tells who made it.
Result<std::string> compressor_of(store::ReadTarget& target, const oci::Descriptor& layer) {
  SLIPWAY_ASSIGN(const auto source, target.fetch(layer));
  std::array<std::byte, 10> head{};
  std::size_t have = 0;
  while (have < head.size()) {
    SLIPWAY_ASSIGN(const std::size_t n, source->read(std::span(head).subspan(have)));
    if (n == 0) break;
    have += n;
  }
  const auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(head[at]); };
  if (byte(0) == 0x1f && byte(1) == 0x8b) {  // RFC 1952, section 2.3
    const char* const effort = byte(8) == 2 ? ", best" : byte(8) == 4 ? ", fastest" : "";
    return fmt::format("gzip{}, flags {}, system {}", effort, byte(3), byte(9));
  }
  if (byte(0) == 0x28 && byte(1) == 0xb5 && byte(2) == 0x2f && byte(3) == 0xfd) {  // RFC 8878, section 3.1.1
    return fmt::format("zstd, frame descriptor {:#04x}, window {:#04x}", byte(4), byte(5));
  }
  return std::string("not compressed");
}

/// The layer of A that each layer of B is compared with.
class Pairing {
 public:
  Pairing(const Image& a, const Image& b)
      : a_(a.config.diff_ids), b_(b.config.diff_ids), of_b_(b_.size()), taken_(a_.size(), false) {
    match_common();
    match(texts_of(a_), texts_of(b_));
    match(layer_names(a), layer_names(b));
    match(std::vector<std::string>(a_.size(), "any"), std::vector<std::string>(b_.size(), "any"));
  }

  std::optional<std::size_t> of_b(std::size_t j) const { return of_b_[j]; }
  bool taken(std::size_t i) const { return taken_[i]; }
  /// Returns true if the pair of layer j of B is in the same order on both sides.
  bool in_order(std::size_t j) const { return common_.contains(j); }

 private:
  static std::vector<std::string> texts_of(const std::vector<Digest>& digests) {
    std::vector<std::string> texts;
    for (const Digest& digest : digests)
      texts.push_back(digest.str());
    return texts;
  }

  void take(std::size_t i, std::size_t j) {
    of_b_[j] = i;
    taken_[i] = true;
  }

  void take_common(std::size_t i, std::size_t j) {
    common_.insert(j);
    take(i, j);
  }

  void match_common() {
    std::size_t begin = 0;
    for (; begin < a_.size() && begin < b_.size() && a_[begin] == b_[begin]; ++begin)
      take_common(begin, begin);
    constexpr std::size_t kMaxCells = 4u << 20;  // of the table below
    if ((a_.size() - begin + 1) * (b_.size() - begin + 1) <= kMaxCells) {
      match_longest(begin);
    } else {
      match_next(begin);
    }
  }

  /// Takes the longest common subsequence of diff IDs.
  void match_longest(std::size_t begin) {
    std::vector<std::vector<std::uint16_t>> length(a_.size() + 1 - begin,
                                                   std::vector<std::uint16_t>(b_.size() + 1 - begin, 0));
    const auto cell = [&](std::size_t i, std::size_t j) -> std::uint16_t& { return length[i - begin][j - begin]; };
    for (std::size_t i = a_.size(); i-- > begin;) {
      for (std::size_t j = b_.size(); j-- > begin;) {
        cell(i, j) = a_[i] == b_[j] ? static_cast<std::uint16_t>(cell(i + 1, j + 1) + 1)
                                    : std::max(cell(i + 1, j), cell(i, j + 1));
      }
    }
    for (std::size_t i = begin, j = begin; i < a_.size() && j < b_.size();) {
      if (a_[i] == b_[j]) {
        take_common(i++, j++);
      } else if (cell(i + 1, j) >= cell(i, j + 1)) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  /// Takes a common subsequence of very many diff IDs: for each layer of B the next one of A.
  void match_next(std::size_t begin) {
    std::map<Digest, std::vector<std::size_t>> places;
    for (std::size_t i = begin; i < a_.size(); ++i)
      places[a_[i]].push_back(i);
    std::size_t next = begin;
    for (std::size_t j = begin; j < b_.size(); ++j) {
      const std::vector<std::size_t>& of_a = places[b_[j]];
      const auto i = std::lower_bound(of_a.begin(), of_a.end(), next);
      if (i == of_a.end()) continue;
      take_common(*i, j);
      next = *i + 1;
    }
  }

  /// Takes for each layer of B the first one of A with its key; an empty key has no pair.
  void match(const std::vector<std::string>& keys_a, const std::vector<std::string>& keys_b) {
    std::map<std::string_view, std::vector<std::size_t>> places;  // the first at the end
    for (std::size_t i = taken_.size(); i-- > 0;) {
      if (!taken_[i] && !keys_a[i].empty()) places[keys_a[i]].push_back(i);
    }
    for (std::size_t j = 0; j < of_b_.size(); ++j) {
      const auto of_a = places.find(keys_b[j]);
      if (of_b_[j] || of_a == places.end() || of_a->second.empty()) continue;
      take(of_a->second.back(), j);
      of_a->second.pop_back();
    }
  }

  const std::vector<Digest>&a_, &b_;
  std::vector<std::optional<std::size_t>> of_b_;
  std::vector<bool> taken_;
  std::set<std::size_t> common_;
};

class ImageComparison {
 public:
  ImageComparison(const ImageAt& a, const ImageAt& b, const DifferenceVisitor& visit, std::stop_token stop,
                  const layer::SpillPlace& spill)
      : a_(a), b_(b), visit_(visit), stop_(std::move(stop)), spill_(spill) {}

  Status run() {
    const Image &a = a_.image, &b = b_.image;
    if (a.descriptor.digest == b.descriptor.digest) return {};
    SLIPWAY_TRY(field(Part::manifest, {}, "mediaType", a.manifest.media_type, b.manifest.media_type));
    SLIPWAY_TRY(annotations(a.manifest.annotations, b.manifest.annotations, {}));
    SLIPWAY_TRY(field(Part::config, {}, "mediaType", a.manifest.config.media_type, b.manifest.config.media_type));
    SLIPWAY_ASSIGN(const auto config, compare_configs(a, b));
    for (const Difference& difference : config)
      SLIPWAY_TRY(tell(difference));
    SLIPWAY_TRY(layers());
    return differs_ ? Status()
                    : field(Part::manifest, {}, "encoding", a.descriptor.digest.str(), b.descriptor.digest.str());
  }

 private:
  Status tell(const Difference& difference) {
    differs_ = true;
    return visit_(difference);
  }

  Status field(Part part, const std::string& layer, const std::string& name, const std::string& a,
               const std::string& b) {
    return a == b ? Status() : tell({part, layer, {}, name, a, b});
  }

  Status annotations(const oci::Annotations& a, const oci::Annotations& b, const std::string& layer) {
    std::vector<Difference> found;
    compare_maps(Part::annotation, a, b, found);
    for (Difference& difference : found) {
      difference.layer = layer;
      SLIPWAY_TRY(tell(difference));
    }
    return {};
  }

  static std::string label(const std::vector<std::string>& names, std::size_t layer) {
    return names[layer].empty() ? std::to_string(layer + 1)
                                : fmt::format("{} ({})", layer + 1, printable(names[layer], 100));
  }

  Status layers() {
    const Pairing pairing(a_.image, b_.image);
    for (std::size_t j = 0; j < b_.image.manifest.layers.size(); ++j) {
      const auto i = pairing.of_b(j);
      if (!i) {
        SLIPWAY_TRY(
            tell({Part::layer, label(names_b_, j), {}, {}, std::nullopt, layer_text(b_.image.manifest.layers[j])}));
        continue;
      }
      SLIPWAY_TRY(pair(*i, j, pairing.in_order(j)));
    }
    for (std::size_t i = 0; i < a_.image.manifest.layers.size(); ++i) {
      if (pairing.taken(i)) continue;
      SLIPWAY_TRY(
          tell({Part::layer, label(names_a_, i), {}, {}, layer_text(a_.image.manifest.layers[i]), std::nullopt}));
    }
    return {};
  }

  Status pair(std::size_t i, std::size_t j, bool in_order) {
    const oci::Descriptor &a = a_.image.manifest.layers[i], &b = b_.image.manifest.layers[j];
    const std::string name = label(names_b_, j);
    SLIPWAY_TRY(annotations(a.annotations, b.annotations, name));
    const bool same = a_.image.config.diff_ids[i] == b_.image.config.diff_ids[j];
    if (same && !in_order)
      SLIPWAY_TRY(field(Part::layer, name, "order", fmt::format("layer {}", i + 1), fmt::format("layer {}", j + 1)));
    if (same && a.digest != b.digest) return compression(a, b, name);
    if (!same) {
      const auto visit = [this](const Difference& difference) { return tell(difference); };
      SLIPWAY_TRY(compare_layers(a_, i, b_, j, name, visit, stop_, spill_));
    }
    return field(Part::layer, name, "mediaType", a.media_type, b.media_type);
  }

  Status compression(const oci::Descriptor& a, const oci::Descriptor& b, const std::string& name) {
    SLIPWAY_ASSIGN(const std::string by_a, compressor_of(a_.target, a));
    SLIPWAY_ASSIGN(const std::string by_b, compressor_of(b_.target, b));
    return tell({Part::layer,
                 name,
                 {},
                 "compression",
                 fmt::format("{} ({})", layer_text(a), by_a),
                 fmt::format("{} ({})", layer_text(b), by_b)});
  }

  const ImageAt& a_;
  const ImageAt& b_;
  const DifferenceVisitor& visit_;
  std::stop_token stop_;
  const layer::SpillPlace& spill_;
  const std::vector<std::string> names_a_ = layer_names(a_.image), names_b_ = layer_names(b_.image);
  bool differs_ = false;
};

std::map<Digest, std::int64_t> blobs_of(const std::vector<Image>& images) {
  std::map<Digest, std::int64_t> blobs;
  for (const Image& image : images) {
    blobs.emplace(image.descriptor.digest, image.descriptor.size);
    blobs.emplace(image.manifest.config.digest, image.manifest.config.size);
    for (const oci::Descriptor& layer : image.manifest.layers)
      blobs.emplace(layer.digest, layer.size);
  }
  return blobs;
}

}  // namespace

Status compare_images(const ImageAt& a, const ImageAt& b, const DifferenceVisitor& visit, std::stop_token stop,
                      const layer::SpillPlace& spill) {
  return ImageComparison(a, b, visit, std::move(stop), spill).run();
}

TransferCost transfer_cost(const std::vector<Image>& there, const std::vector<Image>& wanted) {
  const auto known = blobs_of(there);
  TransferCost cost;
  for (const auto& [digest, size] : blobs_of(wanted)) {
    if (known.contains(digest)) {
      cost.shared_bytes += size;
      continue;
    }
    cost.bytes += size;
    ++cost.blobs;
  }
  return cost;
}

}  // namespace slipway::image
