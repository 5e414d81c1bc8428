#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/image/file_list.h"

namespace slipway::builder {

/// A regular file of an image, with digests of its bytes in lower-case hex.
struct SbomFile {
  std::string path;  ///< absolute
  std::string sha1, sha256;
  std::string build_id;      ///< of programs and libraries; lower-case hex
  std::string package_note;  ///< of programs and libraries: the JSON of their .note.package (systemd's format)
};

/// A package of an image: from the image's own database (dpkg, apk, rpm), from the note or build information of a
/// program, or from another tool's SBOM.
struct SbomPackage {
  std::string name, version, architecture;
  std::string purl;
  std::vector<std::size_t> files;  ///< indexes in Sbom::files of the files that it installed, ascending
};

/// The contents of an image, read from its layers. A value.
struct Sbom {
  std::string name;                   ///< the image's name in documents
  std::string digest;                 ///< of its manifest
  std::string created;                ///< RFC 3339
  std::vector<SbomFile> files;        ///< by path
  std::vector<SbomPackage> packages;  ///< by name and architecture
  std::vector<std::size_t> unowned;   ///< indexes in `files` of files that no package installed
};

/// Makes the SBOM of an image, called `name`: every layer is read once and every visible file hashed. Packages come
/// from the databases of dpkg, apk and rpm, and, where no database names them, from .note.package, SBOMs in the image
/// (of vcpkg and Conan), Go programs and the manifests of installed npm packages and Python distributions. `list` is
/// the image's merged list.
Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop = {});

/// Adds the packages of other tools' documents (SPDX 2, CycloneDX; JSON), from read_sbom_documents(), that `sbom`
/// lacks.
void add_documents(Sbom& sbom, const std::vector<std::string>& documents);

/// Returns the texts of an SBOM file, or of all *.spdx.json and *.cdx.json below a folder, such as
/// vcpkg_installed/x64-linux/share. Errc::invalid_argument when there is none, or one names no package.
Result<std::vector<std::string>> read_sbom_documents(FileSystem& fs, const stdfs::path& path);

/// Returns the Debian packages in an image's dpkg database: "name" or "name:architecture" -> version. Reads only the
/// layers that have the database.
Result<std::map<std::string, std::string>> installed_packages(store::ReadTarget& from, const image::Image& image,
                                                              const image::FileList& list, std::stop_token stop = {});

/// Returns an SPDX 2.3 document. `tool`, "slipway 0.1.0", is named as its creator.
Json spdx_document(const Sbom& sbom, const std::string& tool);
/// Returns a CycloneDX 1.5 document.
Json cyclonedx_document(const Sbom& sbom, const std::string& tool);

/// A format of SBOM documents.
struct SbomFormat {
  std::string_view name;        ///< "spdx" or "cyclonedx"
  std::string_view media_type;  ///< of the document, and artifactType of one that is attached to its image
  std::string_view file_name;
  Json (*write)(const Sbom& sbom, const std::string& tool);
};

/// Returns the format of a name; nullptr for an unknown one. It lives as long as the process.
const SbomFormat* find_sbom_format(std::string_view name);

}  // namespace slipway::builder
