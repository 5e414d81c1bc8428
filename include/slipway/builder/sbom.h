#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/builder/sbom_files.h"
#include "slipway/image/file_list.h"
#include "slipway/io/stream.h"

namespace slipway::builder {

/// A package of an image: from the image's own database (dpkg, apk, rpm), from the note or build information of a
/// program, or from another tool's SBOM.
struct SbomPackage {
  std::string name, version, architecture;
  std::string purl;
};

/// The contents of an image, read from its layers.
struct Sbom {
  std::string name;                   ///< the image's name in documents
  std::string digest;                 ///< of its manifest
  std::string created;                ///< RFC 3339
  std::vector<SbomPackage> packages;  ///< by name and architecture
  SbomFiles files;                    ///< those of a package under its index in `packages`
};

/// Makes the SBOM of an image, called `name`: every layer is read once and every visible file hashed. Packages come
/// from the databases of dpkg, apk and rpm, and, where no database names them, from .note.package, SBOMs in the image
/// (of vcpkg and Conan), Go programs and the manifests of installed npm packages and Python distributions. `list` is
/// the image's merged list. Memory is bounded by `spill` and the size of the packages' databases, whatever the number
/// of files.
Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop = {}, const layer::SpillPlace& spill = {});

/// Adds the packages of other tools' documents (SPDX 2, CycloneDX; JSON), from read_sbom_documents(), that `sbom`
/// lacks.
Status add_documents(Sbom& sbom, const std::vector<std::string>& documents);

/// Returns the texts of an SBOM file, or of all *.spdx.json and *.cdx.json below a folder, such as
/// vcpkg_installed/x64-linux/share. Errc::invalid_argument when there is none, or one names no package.
Result<std::vector<std::string>> read_sbom_documents(FileSystem& fs, const stdfs::path& path);

/// Returns the Debian packages in an image's dpkg database: "name" or "name:architecture" -> version. Reads only the
/// layers that have the database.
Result<std::map<std::string, std::string>> installed_packages(store::ReadTarget& from, const image::Image& image,
                                                              const image::FileList& list, std::stop_token stop = {});

/// Writes an SPDX 2.3 document, element by element. `tool`, "slipway 0.1.0", is named as its creator. `out` is not
/// finished.
Status write_spdx(Sbom& sbom, const std::string& tool, const layer::SpillPlace& spill, io::Sink& out);
/// Writes a CycloneDX 1.5 document, element by element.
Status write_cyclonedx(Sbom& sbom, const std::string& tool, const layer::SpillPlace& spill, io::Sink& out);

/// A format of SBOM documents.
struct SbomFormat {
  std::string_view name;        ///< "spdx" or "cyclonedx"
  std::string_view media_type;  ///< of the document, and artifactType of one that is attached to its image
  std::string_view file_name;
  Status (*write)(Sbom& sbom, const std::string& tool, const layer::SpillPlace& spill, io::Sink& out);
};

/// Returns the format of a name; nullptr for an unknown one. It lives as long as the process.
const SbomFormat* find_sbom_format(std::string_view name);

}  // namespace slipway::builder
