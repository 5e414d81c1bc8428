#include "slipway/image/validate.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "slipway/base/text.h"
#include "slipway/image/image.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"

namespace slipway::image {
namespace {

constexpr int kDeepestIndex = 8;

/// What the first bytes of a layer say it is compressed with; empty for nothing that is known.
std::string_view compression_of(io::Bytes head) {
  const auto begins = [&](std::initializer_list<int> magic) {
    return head.size() >= magic.size() &&
           std::equal(magic.begin(), magic.end(), head.begin(), [](int a, std::byte b) { return std::byte(a) == b; });
  };
  if (begins({0x1F, 0x8B})) return "gzip";
  return begins({0x28, 0xB5, 0x2F, 0xFD}) ? "zstd" : "";
}

/// What a media type promises of it; empty for a plain tar.
std::string_view promised_by(std::string_view media_type) {
  const auto ends = [&](std::string_view tail) {
    return media_type.size() >= tail.size() && media_type.substr(media_type.size() - tail.size()) == tail;
  };
  if (ends("gzip")) return "gzip";
  return ends("zstd") ? "zstd" : "";
}

/// A layer that can be unpacked: not an encrypted one, and no artifact's blob.
bool is_tar(std::string_view media_type) {
  return media_type.find(".tar") != std::string_view::npos && media_type.find("encrypted") == std::string_view::npos;
}

/// Looks at the first bytes that pass, and that all of them pass.
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

class Validation {
 public:
  Validation(store::ReadTarget& from, std::stop_token stop) : from_(from), stop_(std::move(stop)) {}

  Status document(const oci::Descriptor& node, int depth = 0) {
    if (depth == kDeepestIndex) return note(Error(Errc::too_large, "indexes are nested too deeply"));
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
      if (!oci::is_graph_node(child.media_type)) {
        SLIPWAY_TRY(blob(child));
        continue;
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

  /// One reading proves both digests: of the bytes as they are, and of what they unpack to.
  Status layer(const oci::Descriptor& layer, const Digest& diff_id) {
    if (!seen_.insert(layer.digest).second) return promise(layer, diff_id);
    auto source = from_.fetch(layer);
    if (!source) return missing(layer, std::move(source).error());
    std::string head;
    const auto plain = io::decompressor(std::make_unique<Watched>(*std::move(source), head, stop_));
    io::Hasher hasher(diff_id.algorithm());
    std::vector<std::byte> buffer(io::kBlock);
    while (true) {
      const auto n = plain->read(buffer);
      if (!n) return unreadable(layer, n.error());
      if (*n == 0) break;
      hasher.update(std::span(buffer).first(*n));
    }
    const std::string_view found = compression_of(io::as_bytes(head));
    if (found != promised_by(layer.media_type)) {
      SLIPWAY_TRY(problem("the layer {} is {} by its media type, and {} by its bytes", layer.digest.str(),
                          promised_by(layer.media_type).empty() ? "not compressed" : promised_by(layer.media_type),
                          found.empty() ? "not compressed" : found));
    }
    unpacked_.emplace(layer.digest, hasher.finish());
    return promise(layer, diff_id);
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

  /// What a layer unpacks to against what a config says of it.
  Status promise(const oci::Descriptor& layer, const Digest& diff_id) {
    const auto unpacked = unpacked_.find(layer.digest);
    if (unpacked == unpacked_.end() || unpacked->second == diff_id) return {};
    return problem("the layer {} unpacks to {}, the config promises {}", layer.digest.str(), unpacked->second.str(),
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

  store::ReadTarget& from_;
  std::stop_token stop_;
  std::set<Digest> seen_;
  std::map<Digest, Digest> unpacked_;
  std::vector<Error> problems_;
};

}  // namespace

Result<std::vector<Error>> validate(store::ReadTarget& from, const oci::Descriptor& root, std::stop_token stop) {
  Validation validation(from, std::move(stop));
  SLIPWAY_TRY(validation.document(root));
  return validation.take();
}

}  // namespace slipway::image
