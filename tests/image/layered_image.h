#pragma once

#include <gtest/gtest.h>

#include "layer/tar_header.h"
#include "slipway/image/image.h"
#include "slipway/io/compress.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/memory.h"
#include "slipway/tar/header.h"

namespace slipway::image {

inline layer::FileEntry file(std::string path, std::string content, std::uint32_t mode = 0644) {
  layer::FileEntry entry;
  entry.path = std::move(path);
  entry.content = std::move(content);
  entry.size = entry.content.size();
  entry.mode = mode;
  return entry;
}

inline layer::FileEntry other(layer::EntryType type, std::string path, std::string link = {},
                              std::uint32_t mode = 0777) {
  layer::FileEntry entry;
  entry.path = std::move(path);
  entry.type = type;
  entry.link = std::move(link);
  entry.mode = mode;
  return entry;
}
inline layer::FileEntry folder(std::string path, std::uint32_t mode = 0755) {
  return other(layer::EntryType::directory, std::move(path), {}, mode);
}
inline layer::FileEntry symlink(std::string path, std::string link) {
  return other(layer::EntryType::symlink, std::move(path), std::move(link));
}
inline layer::FileEntry hardlink(std::string path, std::string link) {
  return other(layer::EntryType::hardlink, std::move(path), std::move(link), 0644);
}
inline layer::FileEntry whiteout(std::string path) { return other(layer::EntryType::whiteout, std::move(path)); }
inline layer::FileEntry opaque(std::string path) { return other(layer::EntryType::opaque, std::move(path)); }

using LayerEntries = std::vector<layer::FileEntry>;

/// Tar bytes of entries exactly as given, in that order, honest or not.
inline std::string tar_of(const LayerEntries& entries) {
  std::string tar;
  for (const layer::FileEntry& entry : entries) {
    tar += *layer::tar_header(entry);
    tar += entry.content;
    tar.resize((tar.size() + tar::kBlock - 1) / tar::kBlock * tar::kBlock, '\0');
  }
  return tar + std::string(2 * tar::kBlock, '\0');
}

/// Images in memory, made of entries.
class LayeredImages {
 public:
  oci::Descriptor push(std::string_view type, const std::string& bytes) {
    oci::Descriptor descriptor(std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size()));
    io::TextSource source(bytes);
    const Status pushed = store.push(descriptor, source);
    EXPECT_TRUE(pushed) << pushed.error().describe();
    return descriptor;
  }
  Image make(const std::vector<LayerEntries>& layers, const std::function<void(oci::ImageConfig&)>& edit = {},
             oci::Annotations annotations = {}) {
    oci::ImageConfig config;
    config.platform = *oci::Platform::parse("linux/amd64");
    oci::Manifest manifest{{}, std::string(oci::kManifestType), {}, oci::empty_descriptor(), {}, {}, annotations};
    for (const LayerEntries& layer : layers) {
      const std::string tar = tar_of(layer);
      config.diff_ids.push_back(io::digest_of(tar));
      manifest.layers.push_back(compressed ? push(oci::kLayerGzipType, gzip(tar)) : push(oci::kLayerType, tar));
    }
    if (edit) edit(config);
    manifest.config = push(oci::kConfigType, config.serialize());
    return *load_manifest(store, push(oci::kManifestType, oci::write_manifest(manifest)));
  }
  static std::string gzip(const std::string& bytes) {
    io::StringSink out(64u << 20);
    const auto compressor = *io::compressor({}, out);
    EXPECT_TRUE(compressor->write(io::as_bytes(bytes)) && compressor->finish());
    return out.take();
  }

  store::MemoryTarget store;
  bool compressed = false;
};

}  // namespace slipway::image
