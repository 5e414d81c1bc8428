#include "slipway/image/image_diff.h"

#include <algorithm>
#include <array>
#include <set>

#include "image/config_diff.h"
#include "image/layer_diff.h"
#include "slipway/base/text.h"

namespace slipway::image {
namespace {

using Part = Difference::Part;

/// The name that a layer's line of the history has (slipway writes it as the comment).
std::string history_name(const Image& image, std::size_t layer) {
  std::size_t at = 0;
  for (const oci::History& line : image.config.history) {
    if (line.empty_layer) continue;
    if (at++ == layer) return line.comment;
  }
  return {};
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

/// Which layer of A is held against which of B.
class Pairing {
 public:
  Pairing(const Image& a, const Image& b)
      : a_(a), b_(b), of_b_(b.config.diff_ids.size()), taken_(a.config.diff_ids.size(), false) {
    match_common();
    match([&](std::size_t i, std::size_t j) { return a_.config.diff_ids[i] == b_.config.diff_ids[j]; });
    match([&](std::size_t i, std::size_t j) {
      const std::string name = history_name(b_, j);
      return !name.empty() && history_name(a_, i) == name;
    });
    match([](std::size_t, std::size_t) { return true; });
  }

  std::optional<std::size_t> of_b(std::size_t j) const { return of_b_[j]; }
  bool taken(std::size_t i) const { return taken_[i]; }
  /// In the same order on both sides.
  bool in_order(std::size_t j) const { return common_.contains(j); }

 private:
  void take(std::size_t i, std::size_t j) {
    of_b_[j] = i;
    taken_[i] = true;
  }

  /// The longest common subsequence of diff IDs.
  void match_common() {
    const auto& a = a_.config.diff_ids;
    const auto& b = b_.config.diff_ids;
    std::vector<std::vector<std::uint16_t>> length(a.size() + 1, std::vector<std::uint16_t>(b.size() + 1, 0));
    for (std::size_t i = a.size(); i-- > 0;) {
      for (std::size_t j = b.size(); j-- > 0;) {
        length[i][j] = a[i] == b[j] ? static_cast<std::uint16_t>(length[i + 1][j + 1] + 1)
                                    : std::max(length[i + 1][j], length[i][j + 1]);
      }
    }
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      if (a[i] == b[j]) {
        common_.insert(j);
        take(i++, j++);
      } else if (length[i + 1][j] >= length[i][j + 1]) {
        ++i;
      } else {
        ++j;
      }
    }
  }

  void match(const std::function<bool(std::size_t, std::size_t)>& fits) {
    for (std::size_t j = 0; j < of_b_.size(); ++j) {
      for (std::size_t i = 0; i < taken_.size() && !of_b_[j]; ++i) {
        if (!taken_[i] && fits(i, j)) take(i, j);
      }
    }
  }

  const Image& a_;
  const Image& b_;
  std::vector<std::optional<std::size_t>> of_b_;
  std::vector<bool> taken_;
  std::set<std::size_t> common_;
};

class ImageComparison {
 public:
  ImageComparison(const ImageAt& a, const ImageAt& b, std::stop_token stop, const layer::SpillPlace& spill)
      : a_(a), b_(b), stop_(std::move(stop)), spill_(spill) {}

  Result<std::vector<Difference>> run() {
    const Image &a = a_.image, &b = b_.image;
    if (a.descriptor.digest == b.descriptor.digest) return std::vector<Difference>();
    field(Part::manifest, {}, "mediaType", a.manifest.media_type, b.manifest.media_type);
    compare_maps(Part::annotation, a.manifest.annotations, b.manifest.annotations, out_);
    field(Part::config, {}, "mediaType", a.manifest.config.media_type, b.manifest.config.media_type);
    SLIPWAY_ASSIGN(const auto config, compare_configs(a, b));
    append(config);
    SLIPWAY_TRY(layers());
    if (out_.empty()) field(Part::manifest, {}, "encoding", a.descriptor.digest.str(), b.descriptor.digest.str());
    return std::move(out_);
  }

 private:
  void append(const std::vector<Difference>& more) { out_.insert(out_.end(), more.begin(), more.end()); }

  void field(Part part, const std::string& layer, const std::string& name, const std::string& a, const std::string& b) {
    if (a != b) out_.push_back({part, layer, {}, name, a, b});
  }

  static std::string label(const Image& image, std::size_t layer) {
    const std::string name = history_name(image, layer);
    return name.empty() ? std::to_string(layer + 1) : fmt::format("{} ({})", layer + 1, printable(name, 100));
  }

  Status layers() {
    const Pairing pairing(a_.image, b_.image);
    for (std::size_t j = 0; j < b_.image.manifest.layers.size(); ++j) {
      const auto i = pairing.of_b(j);
      if (!i) {
        out_.push_back(
            {Part::layer, label(b_.image, j), {}, {}, std::nullopt, layer_text(b_.image.manifest.layers[j])});
        continue;
      }
      SLIPWAY_TRY(pair(*i, j, pairing.in_order(j)));
    }
    for (std::size_t i = 0; i < a_.image.manifest.layers.size(); ++i) {
      if (pairing.taken(i)) continue;
      out_.push_back({Part::layer, label(a_.image, i), {}, {}, layer_text(a_.image.manifest.layers[i]), std::nullopt});
    }
    return {};
  }

  Status pair(std::size_t i, std::size_t j, bool in_order) {
    const oci::Descriptor &a = a_.image.manifest.layers[i], &b = b_.image.manifest.layers[j];
    const std::string name = label(b_.image, j);
    std::vector<Difference> annotations;
    compare_maps(Part::annotation, a.annotations, b.annotations, annotations);
    for (Difference& difference : annotations) {
      difference.layer = name;
      out_.push_back(std::move(difference));
    }
    const bool same = a_.image.config.diff_ids[i] == b_.image.config.diff_ids[j];
    if (same && !in_order)
      field(Part::layer, name, "order", fmt::format("layer {}", i + 1), fmt::format("layer {}", j + 1));
    if (!same) {
      SLIPWAY_ASSIGN(const auto files, compare_layers(a_, i, b_, j, name, stop_, spill_));
      append(files);
    } else if (a.digest != b.digest) {
      SLIPWAY_ASSIGN(const std::string by_a, compressor_of(a_.target, a));
      SLIPWAY_ASSIGN(const std::string by_b, compressor_of(b_.target, b));
      out_.push_back({Part::layer,
                      name,
                      {},
                      "compression",
                      fmt::format("{} ({})", layer_text(a), by_a),
                      fmt::format("{} ({})", layer_text(b), by_b)});
      return {};
    }
    field(Part::layer, name, "mediaType", a.media_type, b.media_type);
    return {};
  }

  const ImageAt& a_;
  const ImageAt& b_;
  std::stop_token stop_;
  const layer::SpillPlace& spill_;
  std::vector<Difference> out_;
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

Result<std::vector<Difference>> compare_images(const ImageAt& a, const ImageAt& b, std::stop_token stop,
                                               const layer::SpillPlace& spill) {
  return ImageComparison(a, b, std::move(stop), spill).run();
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
