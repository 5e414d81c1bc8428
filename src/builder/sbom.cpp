#include "slipway/builder/sbom.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "builder/dpkg_database.h"
#include "builder/ecosystems.h"
#include "builder/rpm_database.h"
#include "builder/sbom_debian.h"
#include "builder/sbom_sources.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/elf/object.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

/// Programs larger than this are listed without their build-id: their headers are read from memory.
constexpr std::size_t kMaxProgram = 128u << 20;
constexpr std::size_t kMaxDatabase = 256u << 20;
constexpr int kMaxFolders = 64;
constexpr std::size_t kBeforePath = 34;  // in a line of md5sums: 32 digits and two spaces

bool is_apk_database(const std::string& path) {
  return path == "lib/apk/db/installed" || path == "usr/lib/apk/db/installed";
}

bool is_database(const std::string& path) {
  return path == "var/lib/dpkg/status" || path.starts_with("var/lib/dpkg/status.d/") ||
         (path.starts_with("var/lib/dpkg/info/") && path.ends_with(".list")) || path == "usr/lib/os-release" ||
         path == "etc/os-release" || is_apk_database(path) || is_rpm_database(path) || is_sbom_name(path);
}

/// A value of os-release, without its quotes.
std::string value_in(const std::string& os_release, const std::string& key) {
  for (const std::string& line : split(os_release, '\n')) {
    if (!line.starts_with(key + "=")) continue;
    std::string value = line.substr(key.size() + 1);
    if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0])
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

/// Of what dpkg's files say, by path.
std::vector<DpkgPackage> installed_in(const std::map<std::string, std::string>& database) {
  std::vector<DpkgPackage> packages;
  for (const auto& [path, text] : database) {
    const bool one = path.starts_with("var/lib/dpkg/status.d/") && !path.ends_with(".md5sums");
    if (!one && path != "var/lib/dpkg/status") continue;
    // Distroless images leave the Status out of what is one installed package each.
    const bool says = text.starts_with("Status:") || text.find("\nStatus:") != std::string::npos;
    std::vector<DpkgPackage> found = parse_dpkg_status(one && !says ? "Status: install ok installed\n" + text : text);
    std::move(found.begin(), found.end(), std::back_inserter(packages));
  }
  const auto key = [](const DpkgPackage& p) { return std::tie(p.name, p.architecture, p.version); };
  std::sort(packages.begin(), packages.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  packages.erase(std::unique(packages.begin(), packages.end(), same), packages.end());
  return packages;
}

std::string purl_text(std::string_view text) { return make_purl("x", {std::string(text)}, "").substr(6); }

std::vector<SbomFile>::const_iterator file_at(const Sbom& sbom, const std::string& path) {
  const auto at = std::lower_bound(sbom.files.begin(), sbom.files.end(), path,
                                   [](const SbomFile& file, const std::string& p) { return file.path < p; });
  return at != sbom.files.end() && at->path == path ? at : sbom.files.end();
}

SbomPackage debian_package(const DpkgPackage& package, const std::string& id, const std::string& release) {
  SbomPackage next;
  next.name = package.name;
  next.version = package.version;
  next.architecture = package.architecture;
  std::string qualifiers = "arch=" + purl_text(package.architecture);
  if (!release.empty()) qualifiers += "&distro=" + purl_text(id + "-" + release);
  next.purl = make_purl("deb", {to_lower(id), package.name}, package.version, qualifiers);
  return next;
}

/// Adds packages that no database has: the same name and version is the same thing, whoever says it.
void merge_packages(Sbom& sbom, std::map<std::string, SbomPackage> named) {
  std::set<std::pair<std::string, std::string>> known;
  for (const SbomPackage& package : sbom.packages)
    known.emplace(package.name, package.version);
  for (auto& [purl, package] : named) {
    if (!known.emplace(package.name, package.version).second) continue;
    sbom.packages.push_back(std::move(package));
  }
}

/// Collects, while the layers go by.
class Taker {
 public:
  explicit Taker(const image::FileList& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const image::ImageFile file = list.at(i);
      if (!file.member.empty()) places_[{file.layer, file.member}].push_back(file.entry.path);
    }
  }

  Status visit(std::uint32_t layer, const layer::FileEntry& entry, io::Source& content) {
    const auto place = places_.find({layer, entry.path});
    if (place == places_.end() || entry.type != layer::EntryType::regular) return {};
    const bool database = std::any_of(place->second.begin(), place->second.end(), [](const std::string& path) {
      return is_database(path) || is_package_manifest(path);
    });
    SLIPWAY_ASSIGN(const Bytes bytes, take(content, database, entry.path));
    for (const std::string& path : place->second) {
      SbomFile file = bytes.file;
      file.path = "/" + path;
      if (is_database(path)) database_[path] = bytes.text;
      if (is_package_manifest(path)) {
        if (auto package = package_of_manifest(path, bytes.text)) named_.emplace_back(path, *std::move(package));
      }
      files_[path] = std::move(file);
    }
    for (const SbomPackage& package : bytes.packages)
      named_.emplace_back(place->second.front(), package);
    return {};
  }

  Result<Sbom> finish();

 private:
  struct Bytes {
    SbomFile file;
    std::string text;                   ///< of files that name packages
    std::vector<SbomPackage> packages;  ///< of a program
  };

  Result<Bytes> take(io::Source& content, bool database, const std::string& path) const {
    io::Hasher sha1("sha1"), sha256;
    std::string kept;
    std::uint64_t size = 0;
    std::vector<std::byte> buffer(io::kBlock);
    while (true) {
      SLIPWAY_ASSIGN(const std::size_t n, content.read(buffer));
      if (n == 0) break;
      const io::Bytes piece = io::Bytes(buffer).first(n);
      sha1.update(piece);
      sha256.update(piece);
      if (size == 0 || keeps(kept, size, database)) kept += io::as_text(piece);
      size += n;
      if (!keeps(kept, size, database)) kept.clear();
    }
    if (database && kept.size() != size)
      return fail(Errc::too_large, "/{} is larger than {}", printable(path), human_bytes(kMaxDatabase));
    Bytes bytes;
    bytes.file.sha1 = sha1.finish_hex();
    bytes.file.sha256 = sha256.finish_hex();
    if (!database && !kept.empty()) {
      read_program(kept, path, bytes.file);
      bytes.packages = packages_of_go_program(kept);
      std::vector<SbomPackage> crates = packages_of_rust_program(kept);
      std::move(crates.begin(), crates.end(), std::back_inserter(bytes.packages));
    }
    if (database) bytes.text = std::move(kept);
    return bytes;
  }

  /// A damaged program is listed as a file like others.
  static void read_program(const std::string& bytes, const std::string& path, SbomFile& file) {
    const auto object = elf::read_object(std::string_view(bytes), path);
    if (!object || !*object) return;
    file.build_id = (*object)->build_id;
    file.package_note = (*object)->package_note;
  }

  /// Whether the bytes so far, of which none was dropped, are worth keeping.
  static bool keeps(const std::string& kept, std::uint64_t size, bool database) {
    if (kept.size() != size) return false;
    return database ? size <= kMaxDatabase
                    : size <= kMaxProgram && kept.starts_with(
                                                 "\x7f"
                                                 "ELF");
  }

  std::string distribution() const {
    for (const char* path : {"usr/lib/os-release", "etc/os-release"})
      if (const auto found = database_.find(path); found != database_.end()) return found->second;
    return {};
  }
  std::set<std::string> listed_by_dpkg(const DpkgPackage& package) const;
  static void add_owned(const Sbom& sbom, const std::set<std::string>& paths, SbomPackage& next);
  void add_dpkg(Sbom& sbom, const std::string& id, const std::string& release) const;
  void add_named_elsewhere(Sbom& sbom) const;

  std::map<std::pair<std::uint32_t, std::string>, std::vector<std::string>> places_;
  std::map<std::string, SbomFile> files_;
  std::map<std::string, std::string> database_;
  std::vector<std::pair<std::string, SbomPackage>> named_;  ///< path of the file that names the package
};

/// The paths in dpkg's list of a package, or in the sums that distroless images have instead.
std::set<std::string> Taker::listed_by_dpkg(const DpkgPackage& package) const {
  std::set<std::string> paths;
  const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
  if (const auto found = database_.find("var/lib/dpkg/info/" + name + ".list"); found != database_.end()) {
    for (std::string& line : split(found->second, '\n'))
      paths.insert(std::move(line));
  }
  const auto sums = database_.find("var/lib/dpkg/status.d/" + package.name + ".md5sums");
  if (sums == database_.end()) return paths;
  for (const std::string& line : split(sums->second, '\n')) {
    if (line.size() > 34) paths.insert("/" + line.substr(34));  // 32 digits and two spaces
  }
  return paths;
}

void Taker::add_owned(const Sbom& sbom, const std::set<std::string>& paths, SbomPackage& next) {
  std::set<std::size_t> owned;
  for (const std::string& listed : paths) {
    // Folders that were merged into /usr are known under both names.
    for (const std::string& path : {listed, "/usr" + listed}) {
      const auto at = std::lower_bound(sbom.files.begin(), sbom.files.end(), path,
                                       [](const SbomFile& file, const std::string& p) { return file.path < p; });
      if (at == sbom.files.end() || at->path != path) continue;
      owned.insert(static_cast<std::size_t>(at - sbom.files.begin()));
      break;
    }
  }
  next.files.assign(owned.begin(), owned.end());
}

void Taker::add_dpkg(Sbom& sbom, const std::string& id, const std::string& release) const {
  for (const DpkgPackage& package : installed_in(database_)) {
    SbomPackage next = debian_package(package, id, release);
    add_owned(sbom, listed_by_dpkg(package), next);
    sbom.packages.push_back(std::move(next));
  }
}

/// Adds the packages of package notes, manifests and other tools' documents in the image, each once.
void Taker::add_named_elsewhere(Sbom& sbom) const {
  std::map<std::string, SbomPackage> named;  // by purl
  for (std::size_t i = 0; i < sbom.files.size(); ++i) {
    if (sbom.files[i].package_note.empty()) continue;
    auto package = package_of_note(sbom.files[i].package_note);
    if (!package) continue;
    const std::string purl = package->purl;
    named.emplace(purl, *std::move(package)).first->second.files.push_back(i);
  }
  for (const auto& [path, package] : named_) {
    const auto at = std::lower_bound(sbom.files.begin(), sbom.files.end(), "/" + path,
                                     [](const SbomFile& file, const std::string& p) { return file.path < p; });
    SbomPackage& known = named.emplace(package.purl, package).first->second;
    if (at != sbom.files.end() && at->path == "/" + path)
      known.files.push_back(static_cast<std::size_t>(at - sbom.files.begin()));
  }
  for (const auto& [path, text] : database_) {
    if (!is_sbom_name(path)) continue;
    for (SbomPackage& package : packages_of_document(text)) {
      const std::string purl = package.purl;
      named.emplace(purl, std::move(package));
    }
  }
  merge_packages(sbom, std::move(named));
}

Result<Sbom> Taker::finish() {
  Sbom sbom;
  for (auto& [path, file] : files_)
    sbom.files.push_back(std::move(file));
  std::string id = value_in(distribution(), "ID");
  add_dpkg(sbom, id.empty() ? "debian" : id, value_in(distribution(), "VERSION_ID"));
  for (const auto& [path, text] : database_) {
    std::vector<NamedPackage> packages;
    if (is_apk_database(path)) packages = parse_apk_database(text, id.empty() ? "alpine" : to_lower(id));
    if (is_rpm_database(path)) {
      SLIPWAY_ASSIGN(packages, parse_rpm_database(text, id.empty() ? "fedora" : to_lower(id)));
    }
    for (NamedPackage& found : packages) {
      add_owned(sbom, found.files, found.package);
      sbom.packages.push_back(std::move(found.package));
    }
  }
  add_named_elsewhere(sbom);
  std::set<std::size_t> owned;
  for (const SbomPackage& package : sbom.packages)
    owned.insert(package.files.begin(), package.files.end());
  for (std::size_t i = 0; i < sbom.files.size(); ++i)
    if (owned.count(i) == 0) sbom.unowned.push_back(i);
  return sbom;
}

/// A document itself, or those below a folder.
Status collect_documents(FileSystem& fs, const stdfs::path& path, int depth, std::vector<std::string>& out) {
  SLIPWAY_ASSIGN(const FileStat stat, fs.stat(path, depth == 0));
  if (stat.type == FileType::regular && (depth == 0 || is_sbom_name(path.native()))) {
    SLIPWAY_ASSIGN(std::string text, read_file(fs, path));
    if (packages_of_document(text).empty() && depth == 0) {
      return fail(Error(Errc::invalid_argument,
                        fmt::format("{} is not an SBOM that names a package", printable(path.native(), 4096)))
                      .with_hint("SPDX 2 or CycloneDX, as JSON"));
    }
    out.push_back(std::move(text));
  }
  if (stat.type != FileType::directory || depth > kMaxFolders) return {};
  SLIPWAY_ASSIGN(const auto names, fs.list(path));
  for (const std::string& name : names)
    SLIPWAY_TRY(collect_documents(fs, path / name, depth + 1, out));
  return {};
}

}  // namespace

Result<Sbom> take_sbom(store::ReadTarget& from, const image::Image& image, const image::FileList& list,
                       const std::string& name, std::stop_token stop) {
  Taker taker(list);
  for (std::size_t i = 0; i < image.manifest.layers.size(); ++i) {
    const auto visit = [&taker, i](const layer::FileEntry& entry, io::Source& content) {
      return taker.visit(static_cast<std::uint32_t>(i), entry, content);
    };
    SLIPWAY_TRY(image::read_layer(from, image, i, visit, stop));
  }
  SLIPWAY_ASSIGN(Sbom sbom, taker.finish());
  sbom.name = name;
  sbom.digest = image.descriptor.digest.str();
  // SPDX knows no fractions of seconds.
  const auto created = parse_time(image.config.created);
  sbom.created = format_time(created ? *created : 0);
  return sbom;
}

void add_debian_packages(Sbom& sbom, const std::vector<DpkgPackage>& packages, const std::string& os_release,
                         const std::map<std::string, std::string>& places) {
  const std::string id = value_in(os_release, "ID"), release = value_in(os_release, "VERSION_ID");
  std::set<std::pair<std::string, std::string>> known;
  for (const SbomPackage& package : sbom.packages)
    known.emplace(package.name, package.version);
  for (const DpkgPackage& package : packages) {
    if (!known.emplace(package.name, package.version).second) continue;
    SbomPackage next = debian_package(package, id.empty() ? "debian" : id, release);
    for (const std::string& line : split(package.sums, '\n')) {
      if (line.size() <= kBeforePath) continue;
      const auto place = places.find("/" + line.substr(kBeforePath));
      const auto file = place == places.end() ? sbom.files.end() : file_at(sbom, place->second);
      if (file != sbom.files.end()) next.files.push_back(static_cast<std::size_t>(file - sbom.files.begin()));
    }
    std::sort(next.files.begin(), next.files.end());
    std::erase_if(sbom.unowned,
                  [&next](std::size_t file) { return std::binary_search(next.files.begin(), next.files.end(), file); });
    sbom.packages.push_back(std::move(next));
  }
}

void add_documents(Sbom& sbom, const std::vector<std::string>& documents) {
  std::map<std::string, SbomPackage> named;
  for (const std::string& document : documents) {
    for (SbomPackage& package : packages_of_document(document)) {
      const std::string purl = package.purl;
      named.emplace(purl, std::move(package));
    }
  }
  merge_packages(sbom, std::move(named));
}

Result<std::vector<std::string>> read_sbom_documents(FileSystem& fs, const stdfs::path& path) {
  std::vector<std::string> documents;
  SLIPWAY_TRY(collect_documents(fs, path, 0, documents));
  if (documents.empty()) {
    return fail(Error(Errc::invalid_argument, fmt::format("{} has no SBOM", printable(path.native(), 4096)))
                    .with_hint("looked for *.spdx.json and *.cdx.json, as vcpkg and Conan write them"));
  }
  return documents;
}

Result<std::map<std::string, std::string>> installed_packages(store::ReadTarget& from, const image::Image& image,
                                                              const image::FileList& list, std::stop_token stop) {
  std::map<std::uint32_t, std::map<std::string, std::string>> wanted;  // layer -> member -> path
  for (std::size_t i = 0; i < list.size(); ++i) {
    const image::ImageFile file = list.at(i);
    const std::string& path = file.entry.path;
    if (!file.member.empty() && path.starts_with("var/lib/dpkg/status") && is_database(path))
      wanted[file.layer].emplace(file.member, path);
  }
  std::map<std::string, std::string> database;
  for (const auto& [index, members] : wanted) {
    const auto& here = members;
    const auto visit = [&database, &here](const layer::FileEntry& entry, io::Source& content) -> Status {
      const auto at = here.find(entry.path);
      if (at == here.end() || entry.type != layer::EntryType::regular) return {};
      SLIPWAY_ASSIGN(database[at->second], io::read_all(content, kMaxDatabase));
      return {};
    };
    SLIPWAY_TRY(image::read_layer(from, image, index, visit, stop));
  }
  std::map<std::string, std::string> packages;
  for (const DpkgPackage& package : installed_in(database)) {
    const std::string name = package.several_architectures ? package.name + ":" + package.architecture : package.name;
    packages.insert_or_assign(name, package.version);
  }
  return packages;
}

}  // namespace slipway::builder
