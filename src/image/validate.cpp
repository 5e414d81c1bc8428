#include "slipway/image/validate.h"

#include <map>
#include <set>

#include "image/layer_merger.h"
#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/layer/file_capabilities.h"
#include "slipway/layer/layer_reader.h"
#include "slipway/oci/media_type.h"

namespace slipway::image {
namespace {

/// The compression that a media type promises.
io::Compression promised_by(std::string_view media_type) {
  if (media_type.ends_with("gzip")) return io::Compression::gzip;
  return media_type.ends_with("zstd") ? io::Compression::zstd : io::Compression::none;
}

std::string_view name_of(io::Compression compression) {
  if (compression == io::Compression::none) return "not compressed";
  return compression == io::Compression::gzip ? "gzip" : "zstd";
}

/// A layer that can be unpacked: not an encrypted one, and no artifact's blob.
bool is_tar(std::string_view media_type) {
  return media_type.find(".tar") != std::string_view::npos && media_type.find("encrypted") == std::string_view::npos;
}

/// Remembers the first bytes that pass.
class Watched final : public io::Source {
 public:
  Watched(std::unique_ptr<io::Source> inner, std::string& head, std::stop_token stop)
      : inner_(std::move(inner)), head_(head), stop_(std::move(stop)) {}
  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (stop_.stop_requested()) return fail(Errc::cancelled, "interrupted");
    SLIPWAY_ASSIGN(const std::size_t n, inner_->read(buffer));
    constexpr std::size_t kMagic = 4;
    if (head_.size() < kMagic) head_.append(io::as_text(buffer.first(std::min(n, kMagic - head_.size()))));
    return n;
  }

 private:
  std::unique_ptr<io::Source> inner_;
  std::string& head_;
  std::stop_token stop_;
};

/// Hashes what passes, and remembers why no more did.
class HashedSource final : public io::Source {
 public:
  HashedSource(std::unique_ptr<io::Source> inner, std::string_view algorithm)
      : inner_(std::move(inner)), hasher_(algorithm) {}

  Result<std::size_t> read(std::span<std::byte> buffer) override {
    if (error_) return fail(*error_);
    auto n = inner_->read(buffer);
    if (n) {
      hasher_.update(buffer.first(*n));
    } else {
      error_ = n.error();
    }
    return n;
  }
  Digest digest() { return hasher_.finish(); }

 private:
  std::unique_ptr<io::Source> inner_;
  io::Hasher hasher_;
  std::optional<Error> error_;
};

/// The places of layers' entries, and nothing else of them: enough to lay layers over each other.
class Outlines {
 public:
  explicit Outlines(layer::SpillPlace spill) : entries_(std::move(spill)) {}

  void next_layer() { ++layers_; }
  Status add(const layer::FileEntry& entry) {
    std::string text(1, static_cast<char>(entry.type));
    text.append(entry.path).append(1, '\0').append(entry.link);
    return entries_.put(fmt::format("{}{:016x}", prefix(layers_), count_++), std::move(text));
  }
  /// Returns the number by which merge_into() knows the layer.
  std::size_t layer() const { return layers_; }
  Status merge_into(LayerMerger& merger, std::size_t layer) {
    merger.next_layer();
    return entries_.visit(prefix(layer), [&merger](std::string_view, std::string_view text) {
      const std::size_t end = text.find('\0', 1);  // the type may be a zero byte itself
      layer::FileEntry entry;
      entry.type = static_cast<layer::EntryType>(text[0]);
      entry.path = text.substr(1, end - 1);
      entry.link = text.substr(end + 1);
      return merger.add(entry);
    });
  }

 private:
  static std::string prefix(std::size_t layer) { return fmt::format("{:08x}.", layer); }

  layer::PagedMap entries_;
  std::size_t layers_ = 0;
  std::uint64_t count_ = 0;
};

class Validation {
 public:
  Validation(store::ReadTarget& from, std::stop_token stop, DoubtVisitor doubts, layer::SpillPlace spill)
      : from_(from), stop_(std::move(stop)), doubts_(std::move(doubts)), spill_(spill), outlines_(std::move(spill)) {}

  Status document(const oci::Descriptor& node, int depth = 0) {
    if (!oci::is_graph_node(node.media_type)) return blob(node);
    if (depth == oci::kMaxIndexDepth) return note(Error(Errc::too_large, "indexes are nested too deeply"));
    if (!seen_.insert(node.digest).second) return {};
    const auto fetched = parsed(node);
    if (!fetched) return note(fetched.error());
    if (const auto* index = std::get_if<oci::Index>(&*fetched)) return index_of(node, *index, depth);
    return manifest(node, std::get<oci::Manifest>(*fetched));
  }

  std::vector<Error> take() { return std::move(problems_); }

 private:
  Result<oci::Document> parsed(const oci::Descriptor& node) {
    SLIPWAY_ASSIGN(auto source, from_.fetch(node));
    SLIPWAY_ASSIGN(std::string text, io::read_all(*source, oci::kMaxDocument));
    return oci::parse_document(std::move(text), node.media_type);
  }

  Status index_of(const oci::Descriptor& node, const oci::Index& index, int depth) {
    std::set<Digest> digests;
    std::set<std::string> platforms;
    for (const oci::Descriptor& child : index.manifests) {
      if (!digests.insert(child.digest).second) {
        SLIPWAY_TRY(problem("the index {} names {} twice", node.digest.str(), child.digest.str()));
      }
      const bool attestation = child.annotations.contains(std::string(oci::kDockerReferenceType));
      if (child.platform && !attestation && !platforms.insert(child.platform->str()).second) {
        SLIPWAY_TRY(problem("the index {} has two images for {}", node.digest.str(), child.platform->str()));
      }
      SLIPWAY_TRY(document(child, depth + 1));
      if (child.platform && !attestation && oci::is_manifest(child.media_type)) SLIPWAY_TRY(platform(child));
    }
    return {};
  }

  /// The index's word against the config's: who runs the image goes by the first, what runs by the second.
  Status platform(const oci::Descriptor& child) {
    const auto image = load_manifest(from_, child);
    if (!image || image->config.platform == *child.platform) return {};  // what cannot be read was said
    const oci::Platform& own = image->config.platform;
    if (own.os == child.platform->os && own.architecture == child.platform->architecture &&
        (own.variant.empty() || child.platform->variant.empty())) {
      return {};
    }
    return problem("the image {} is listed for {}, its config says {}", child.digest.str(), child.platform->str(),
                   own.str());
  }

  Status manifest(const oci::Descriptor& node, const oci::Manifest& manifest) {
    const bool is_image = oci::is_image_config(manifest.config.media_type);
    SLIPWAY_TRY(blob(manifest.config));
    std::optional<Image> image;
    if (is_image) {
      auto loaded = load_manifest(from_, node);
      if (!loaded) SLIPWAY_TRY(note(std::move(loaded).error()));
      if (loaded) image = *std::move(loaded);
    }
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
      const bool tar = image && is_tar(manifest.layers[i].media_type);
      SLIPWAY_TRY(tar ? layer(manifest.layers[i], image->config.diff_ids[i]) : blob(manifest.layers[i]));
    }
    return image ? merge(*image) : Status();
  }

  /// The layers over each other, as unpacking lays them; where all of them could be read.
  Status merge(const Image& image) {
    LayerMerger::Doubt doubt;
    if (doubts_) {
      doubt = [this, &image](const std::string& text) {
        doubts_(
            Error(Errc::verification_failed, fmt::format("in the image {}: {}", image.descriptor.digest.str(), text)));
      };
    }
    LayerMerger merger(spill_, std::move(doubt));
    for (const oci::Descriptor& blob : image.manifest.layers) {
      const auto outline = outline_of_.find(blob.digest);
      if (outline == outline_of_.end()) return {};
      const Status merged = outlines_.merge_into(merger, outline->second);
      if (merged) continue;
      if (merged.error().code != Errc::malformed) return fail(merged.error());
      return problem("the layer {} of the image {} cannot be unpacked: {}", blob.digest.str(),
                     image.descriptor.digest.str(), merged.error().message);
    }
    return {};
  }

  Status blob(const oci::Descriptor& blob) {
    if (!seen_.insert(blob.digest).second) return {};
    auto source = from_.fetch(blob);
    if (!source) return missing(blob, std::move(source).error());
    io::NullSink nowhere;
    const auto copied = io::copy(**source, nowhere, stop_);
    return copied ? Status() : note(copied.error());
  }

  /// One reading proves both digests, of the bytes as they are and of what they unpack to, and every entry.
  Status layer(const oci::Descriptor& layer, const Digest& diff_id) {
    if (!seen_.insert(layer.digest).second) return promise(layer, diff_id);
    auto source = from_.fetch(layer);
    if (!source) return missing(layer, std::move(source).error());
    std::string head;
    HashedSource plain(io::decompressor(std::make_unique<Watched>(*std::move(source), head, stop_)),
                       diff_id.algorithm());
    outlines_.next_layer();
    std::optional<Error> spilled;
    const layer::ReadLimits limits{.require_end = false, .inner_dots = true};
    const Status read = layer::read_tar(plain, limits, [&](const layer::FileEntry& entry, io::Source&) -> Status {
      doubt_attributes(layer, entry);
      Status added = outlines_.add(entry);
      if (!added) spilled = added.error();
      return added;
    });
    if (spilled) return fail(*std::move(spilled));
    io::NullSink nowhere;
    const auto rest = io::copy(plain, nowhere, stop_);
    if (!rest) return unreadable(layer, rest.error());
    if (read) {
      outline_of_.emplace(layer.digest, outlines_.layer());
    } else {
      SLIPWAY_TRY(problem("the layer {} cannot be unpacked: {}", layer.digest.str(), read.error().message));
    }
    unpacked_.emplace(layer.digest, Unpacked{plain.digest(), io::compression_of(io::as_bytes(head))});
    return promise(layer, diff_id);
  }

  void doubt_attributes(const oci::Descriptor& layer, const layer::FileEntry& entry) const {
    if (!doubts_) return;
    for (const auto& [name, value] : entry.xattrs) {
      const std::string fault = layer::attribute_fault(name, value);
      if (fault.empty()) continue;
      doubts_(Error(Errc::verification_failed,
                    fmt::format("in the layer {}: /{} has the extended attribute {}, which {}: containerd and umoci "
                                "refuse that",
                                layer.digest.str(), printable(entry.path, 4096), printable(name, 300), fault)));
    }
  }

  /// Bytes that are not what their name says are the cause, else they were packed wrongly.
  Status unreadable(const oci::Descriptor& layer, const Error& error) {
    if (error.code != Errc::malformed && error.code != Errc::verification_failed) return note(error);
    auto source = from_.fetch(layer);
    if (!source) return missing(layer, std::move(source).error());
    io::NullSink nowhere;
    const auto copied = io::copy(**source, nowhere, stop_);
    if (!copied) return note(copied.error());
    return problem("the layer {} cannot be unpacked: {}", layer.digest.str(), error.message);
  }

  /// Compares a layer with its descriptor in the manifest and its diff ID in the config.
  Status promise(const oci::Descriptor& layer, const Digest& diff_id) {
    const auto unpacked = unpacked_.find(layer.digest);
    if (unpacked == unpacked_.end()) return {};
    const auto& [own_diff_id, found] = unpacked->second;
    const bool is_new = judged_.insert(layer.digest.str() + layer.media_type).second;
    if (found != promised_by(layer.media_type) && is_new) {
      SLIPWAY_TRY(problem("the layer {} is {} by its media type, and {} by its bytes", layer.digest.str(),
                          name_of(promised_by(layer.media_type)), name_of(found)));
    }
    if (own_diff_id == diff_id) return {};
    return problem("the layer {} unpacks to {}, the config promises {}", layer.digest.str(), own_diff_id.str(),
                   diff_id.str());
  }

  Status missing(const oci::Descriptor& blob, Error error) {
    const bool elsewhere = error.code == Errc::not_found && !blob.urls.empty();
    if (elsewhere) return {};
    if (error.code == Errc::not_found) error.code = Errc::verification_failed;
    return note(std::move(error));
  }

  template <class... Arguments>
  Status problem(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return note(Error(Errc::verification_failed, fmt::format(text, std::forward<Arguments>(arguments)...)));
  }

  /// Keeps what is wrong with the image; what is wrong with the world ends it.
  Status note(Error error) {
    switch (error.code) {
      case Errc::verification_failed:
      case Errc::malformed:
      case Errc::too_large:
      case Errc::unsupported:
      case Errc::not_found:
        if (error.code != Errc::malformed && error.code != Errc::too_large) error.code = Errc::verification_failed;
        problems_.push_back(std::move(error));
        return {};
      default:
        return fail(std::move(error));
    }
  }

  /// The findings from a layer's bytes.
  struct Unpacked {
    Digest diff_id;
    io::Compression compression;
  };

  store::ReadTarget& from_;
  std::stop_token stop_;
  std::set<Digest> seen_;
  std::map<Digest, Unpacked> unpacked_;
  std::set<std::string> judged_;  // digest and media type of layers
  DoubtVisitor doubts_;
  layer::SpillPlace spill_;
  Outlines outlines_;
  std::map<Digest, std::size_t> outline_of_;
  std::vector<Error> problems_;
};

}  // namespace

Result<std::vector<Error>> validate(store::ReadTarget& from, const oci::Descriptor& root, std::stop_token stop,
                                    DoubtVisitor doubts, const layer::SpillPlace& spill) {
  Validation validation(from, std::move(stop), std::move(doubts), spill);
  SLIPWAY_TRY(validation.document(root));
  return validation.take();
}

Result<std::vector<Error>> validate_all(store::ReadTarget& from, std::stop_token stop, DoubtVisitor doubts,
                                        const layer::SpillPlace& spill) {
  auto* lister = store::as<store::RootLister>(from);
  if (lister == nullptr) return fail(Errc::unsupported, "{} cannot list its images", from.name());
  SLIPWAY_ASSIGN(const auto roots, lister->roots());
  Validation validation(from, std::move(stop), std::move(doubts), spill);
  for (const oci::Descriptor& root : roots)
    SLIPWAY_TRY(validation.document(root));
  return validation.take();
}

}  // namespace slipway::image
