#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "slipway/base/json.h"
#include "slipway/image/file_list.h"

namespace slipway::builder {

/// A regular file of an image, as its bytes are.
struct SbomFile {
  std::string path;  ///< absolute
  std::string sha1, sha256;
  std::string build_id;      ///< of programs and libraries; lower-case hex
  std::string package_note;  ///< of programs and libraries: the JSON of their .note.package
};

/// A package that an image's own database names (dpkg's, apk's), that a program says it is of, or that another tool's
/// SBOM has.
struct SbomPackage {
  std::string name, version, architecture;
  std::string purl;
  std::vector<std::size_t> files;  ///< those it installed, as positions in Sbom::files
};

/// The contents of an image, read from its layers and not from whatever built it.
struct Sbom {
  std::string name;                   ///< what documents call the image
  std::string digest;                 ///< of its manifest
  std::string created;                ///< RFC 3339
  std::vector<SbomFile> files;        ///< by path
  std::vector<SbomPackage> packages;  ///< by name and architecture
  std::vector<std::size_t> unowned;   ///< files that no package installed
};

/// Reads every layer once: each visible file is hashed; the databases of dpkg, apk and rpm say who installed it;
/// .note.package, SBOMs in the image (vcpkg's, Conan's), Go programs and the manifests of installed npm packages and
/// Python distributions name what no database does.
Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop = {});

/// Adds the packages of other tools' documents (SPDX 2, CycloneDX; JSON) that the image does not name itself.
void add_documents(Sbom& sbom, const std::vector<std::string>& documents);

/// An SBOM file, or all of *.spdx.json and *.cdx.json below a folder, e.g. vcpkg_installed/x64-linux/share.
/// Errc::invalid_argument when there is none.
Result<std::vector<std::string>> read_sbom_documents(FileSystem& fs, const stdfs::path& path);

/// The Debian packages that an image's own database names: "name" or "name:architecture" -> version. Reads only the
/// layers that have it.
Result<std::map<std::string, std::string>> installed_packages(store::ReadTarget& from, const image::Image& image,
                                                              const image::FileList& list, std::stop_token stop = {});

/// SPDX 2.3. `tool` is name and version of the program that says so.
Json spdx_document(const Sbom& sbom, const std::string& tool);
/// CycloneDX 1.5.
Json cyclonedx_document(const Sbom& sbom, const std::string& tool);

/// One way to write an SBOM down.
struct SbomFormat {
  std::string_view name;        ///< "spdx" or "cyclonedx"
  std::string_view media_type;  ///< of the document, and artifactType of one that is attached to its image
  std::string_view file_name;
  Json (*write)(const Sbom& sbom, const std::string& tool);
};

/// nullptr for an unknown name.
const SbomFormat* find_sbom_format(std::string_view name);

}  // namespace slipway::builder
