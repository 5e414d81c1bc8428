#include "cli/disk_location.h"

#include <array>

#include "slipway/base/text.h"
#include "slipway/layer/plain_tar.h"
#include "slipway/store/archive.h"

namespace slipway::cli {
namespace {

bool is_tar_name(const std::string& word) {
  for (const std::string_view ending :
       {".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tbz"}) {
    if (word.ends_with(ending)) return true;
  }
  return false;
}

bool is_path(const std::string& word) {
  return word.starts_with('/') || word.starts_with("./") || word.starts_with("../");
}

/// A docker-archive is what slipway and docker write; a tar that is none of these may be an oci-archive.
bool is_oci_archive(FileSystem& fs, const stdfs::path& file) {
  store::ArchiveOptions options;
  options.fs = &fs;
  options.spool_folder = stdfs::temp_directory_path();
  options.decompress = layer::plain_tar;
  options.kind = store::ArchiveKind::docker;
  if (const auto docker = store::ArchiveTarget::open(file, options)) {
    // The tags of a docker-archive are whole references: those of an oci-archive do not resolve as such.
    const auto tags = (*docker)->list_tags();
    if (!tags || tags->empty() || (*docker)->resolve(store::TagOrDigest(tags->front()))) return false;
  }
  options.kind = store::ArchiveKind::oci;
  return store::ArchiveTarget::open(file, options).has_value();
}

struct ForeignKind {
  std::string_view prefix, hint;
};

constexpr std::array kForeign{
    ForeignKind{"docker-daemon:",
                "run: docker save NAME | slipway copy docker-archive:- DST; to docker: slipway load REF "
                "--into docker"},
    ForeignKind{"containers-storage:",
                "run: podman save NAME | slipway copy docker-archive:- DST; to podman: slipway load REF --into podman"},
    ForeignKind{"dir:", "use an OCI layout: oci:FOLDER:TAG"},
    ForeignKind{"sif:", "use an OCI layout: oci:FOLDER:TAG"},
    ForeignKind{"ostree:", "use an OCI layout: oci:FOLDER:TAG"},
    ForeignKind{"tarball:", "add it to an image: slipway append BASE FILE.tar DST"},
    ForeignKind{"ocifile:", "name an archive: oci-archive:FILE:TAG"},
};

}  // namespace

std::optional<oci::Location> location_on_disk(FileSystem& fs, const stdfs::path& directory, const std::string& word) {
  if (word == "-") {
    const auto stream = oci::Location::parse("docker-archive:-");
    return stream ? std::optional(*stream) : std::nullopt;
  }
  if (!is_path(word) && !is_tar_name(word)) return std::nullopt;
  const std::string path = (directory / word).lexically_normal().native();
  if (path.find(':') != std::string::npos) return std::nullopt;
  const auto stat = fs.stat(path, true);
  if (stat && stat->type == FileType::directory) {
    if (!fs.stat(stdfs::path(path) / "index.json")) return std::nullopt;
    return oci::Location::layout(path);
  }
  if (!stat && !is_tar_name(word)) return std::nullopt;
  // A registry's repository may end in ".tar", too: one with a host and no such file is meant as it stands.
  const std::string first = word.substr(0, word.find('/'));
  if (!stat && !is_path(word) && first != word && first.find_first_of(".:") != std::string::npos) return std::nullopt;
  const bool is_oci = stat && is_oci_archive(fs, path);
  auto location = oci::Location::parse((is_oci ? "oci-archive:" : "docker-archive:") + path);
  if (!location) return std::nullopt;
  return *std::move(location);
}

std::optional<Error> foreign_location(const std::string& word) {
  for (const ForeignKind& kind : kForeign) {
    if (!word.starts_with(kind.prefix)) continue;
    return error(Errc::invalid_argument, "slipway does not read or write {} locations: \"{}\"", kind.prefix,
                 printable(word, 200))
        .with_hint(std::string(kind.hint));
  }
  return std::nullopt;
}

}  // namespace slipway::cli
