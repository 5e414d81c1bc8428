#pragma once

#include <string_view>

namespace slipway::oci {

/// Media types of OCI (image-spec media-types.md) and of docker's older format.
inline constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view kConfigType = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view kEmptyType = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view kLayerType = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view kLayerGzipType = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view kLayerZstdType = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view kDockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view kDockerIndexType = "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view kDockerConfigType = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view kDockerLayerGzipType = "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view kDockerLayerType = "application/vnd.docker.image.rootfs.diff.tar";

bool is_manifest(std::string_view media_type);      ///< an image manifest, OCI or docker
bool is_index(std::string_view media_type);         ///< an index or manifest list
bool is_graph_node(std::string_view media_type);    ///< one of both, which registries keep under /manifests/
bool is_image_config(std::string_view media_type);  ///< an image's config, OCI or docker

/// RFC 6838 section 4.2: type "/" subtype of restricted names.
bool is_valid_media_type(std::string_view text);

}  // namespace slipway::oci
