#include "builder/ecosystems.h"

#include <algorithm>

#include "builder/sbom_sources.h"
#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/elf/section.h"
#include "slipway/io/zlib_text.h"

namespace slipway::builder {
namespace {

constexpr std::string_view kGoMagic("\xff Go buildinf:", 14);
constexpr std::size_t kGoAlign = 16, kGoHeader = 32;
constexpr unsigned char kGoInline = 2;           // flag: the strings follow the header
constexpr std::size_t kGoSentinel = 16;          // bytes around the text of the modules
constexpr std::size_t kWindow = 1u << 20;        // bytes of a program that are searched at a time
constexpr std::size_t kMaxBuildInfo = 8u << 20;  // bytes of it that are read from a file
constexpr std::size_t kMaxModules = 100'000;
constexpr std::string_view kCrateSection = ".dep-v0";
constexpr std::size_t kMaxCrates = 64u << 20;  // bytes of their list

/// A string with its length before it, as encoding/binary's Uvarint writes it; moves `at` behind it.
std::optional<std::string_view> counted_string(std::string_view bytes, std::size_t& at) {
  std::uint64_t size = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at >= bytes.size()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes[at++]);
    size |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) != 0) continue;
    if (size > bytes.size() - at) return std::nullopt;
    const std::string_view text = bytes.substr(at, size);
    at += size;
    return text;
  }
  return std::nullopt;
}

SbomPackage go_module(const std::string& path, const std::string& version) {
  SbomPackage package;
  package.name = path;
  package.version = version;
  package.purl = make_purl("golang", split(path, '/'), version);
  return package;
}

/// Lines "mod\tPATH\tVERSION\tSUM", "dep\t..." and "=>\t...", which replaces the one before.
void read_modules(std::string_view text, std::vector<SbomPackage>& out) {
  for (const std::string& line : split(text, '\n')) {
    const std::vector<std::string> words = split(line, '\t');
    if (words.size() < 3 || words[1].empty() || out.size() == kMaxModules) continue;
    const std::string version = words[2] == "(devel)" ? "" : words[2];
    if (words[0] == "=>" && !out.empty()) out.back() = go_module(words[1], version);
    if (words[0] == "mod" || words[0] == "dep") out.push_back(go_module(words[1], version));
  }
}

std::string header_of(const std::string& text, std::string_view name) {
  for (const std::string& line : split(text, '\n')) {
    if (trim(line).empty()) break;  // the description begins
    if (line.size() > name.size() && line[name.size()] == ':' && to_lower(line.substr(0, name.size())) == name)
      return std::string(trim(std::string_view(line).substr(name.size() + 1)));
  }
  return {};
}

/// PEP 503: lower case, runs of "-", "_" and "." are one "-".
std::string normal_python_name(const std::string& name) {
  std::string out;
  for (const char c : to_lower(name)) {
    const bool separator = c == '-' || c == '_' || c == '.';
    if (!separator) out += c;
    if (separator && !out.ends_with('-')) out += '-';
  }
  return out;
}

std::string_view last_folder(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view folder = path.substr(0, slash);
  return folder.substr(folder.rfind('/') + 1);
}

/// "node_modules/X" and "node_modules/@SCOPE/X", not what lies deeper in a package.
bool is_in_node_modules(std::string_view path) {
  const std::size_t at = path.rfind("node_modules/");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = path.substr(at + std::string_view("node_modules/").size());
  const auto depth = std::count(rest.begin(), rest.end(), '/');
  return depth == (rest.starts_with('@') ? 2 : 1);
}

/// Returns the place of the first mark of Go's build information that is aligned as the linker aligns it.
std::size_t aligned_magic(std::string_view bytes) {
  std::size_t at = bytes.find(kGoMagic);
  while (at != std::string_view::npos && at % kGoAlign != 0)
    at = bytes.find(kGoMagic, at + 1);
  return at;
}

/// The packages that Go's build information names; `info` begins with its mark.
std::vector<SbomPackage> packages_of_build_info(std::string_view info) {
  std::vector<SbomPackage> packages;
  if (info.size() < kGoHeader || (static_cast<unsigned char>(info[15]) & kGoInline) == 0) return packages;
  std::size_t at = kGoHeader;
  const auto version = counted_string(info, at);
  const auto modules = version ? counted_string(info, at) : std::nullopt;
  if (!version || !version->starts_with("go")) return packages;
  packages.push_back(go_module("stdlib", std::string(version->substr(2, version->find(' ') - 2))));
  if (modules && modules->size() > 2 * kGoSentinel)
    read_modules(modules->substr(kGoSentinel, modules->size() - 2 * kGoSentinel), packages);
  return packages;
}

/// Fills the buffer from `at` on, as far as the file goes.
Result<std::size_t> read_up_to(File& file, std::uint64_t at, std::string& buffer) {
  const auto bytes = std::as_writable_bytes(std::span(buffer));
  std::size_t have = 0;
  while (have < bytes.size()) {
    SLIPWAY_ASSIGN(const std::size_t n, file.read_at(bytes.subspan(have), at + have));
    if (n == 0) break;
    have += n;
  }
  return have;
}

std::vector<SbomPackage> packages_of_crate_section(const std::optional<std::string>& section) {
  const auto list = section ? io::inflate_zlib(*section, kMaxCrates) : fail(Errc::not_found, "no crates");
  return list ? crates_of(*list) : std::vector<SbomPackage>();
}

}  // namespace

std::vector<SbomPackage> packages_of_go_program(std::string_view program) {
  const std::size_t at = aligned_magic(program);
  return at == std::string_view::npos ? std::vector<SbomPackage>() : packages_of_build_info(program.substr(at));
}

Result<std::vector<SbomPackage>> packages_of_go_program(File& program) {
  // Windows overlap by a multiple of the alignment that the magic fits into.
  std::string window(kWindow, '\0');
  for (std::uint64_t at = 0;; at += kWindow - kGoAlign) {
    SLIPWAY_ASSIGN(const std::size_t n, read_up_to(program, at, window));
    const std::size_t found = aligned_magic(std::string_view(window).substr(0, n));
    if (found != std::string_view::npos) {
      std::string info(kMaxBuildInfo, '\0');
      SLIPWAY_ASSIGN(const std::size_t size, read_up_to(program, at + found, info));
      return packages_of_build_info(std::string_view(info).substr(0, size));
    }
    if (n < kWindow) return std::vector<SbomPackage>();
  }
}

std::vector<SbomPackage> crates_of(const std::string& list) {
  std::vector<SbomPackage> packages;
  const auto json = Json::parse(list, "a list of crates");
  const Json* const crates = json ? json->find("packages") : nullptr;
  if (crates == nullptr || crates->array() == nullptr) return packages;
  for (const Json& crate : *crates->array()) {
    const std::string name = crate.text("name");
    if (name.empty() || crate.text("kind") == "build" || packages.size() == kMaxModules) continue;
    SbomPackage package;
    package.name = name;
    package.version = crate.text("version");
    package.purl = make_purl("cargo", {name}, package.version);
    packages.push_back(std::move(package));
  }
  return packages;
}

std::vector<SbomPackage> packages_of_rust_program(std::string_view program) {
  return packages_of_crate_section(elf::section_of(program, kCrateSection));
}

std::vector<SbomPackage> packages_of_rust_program(File& program) {
  return packages_of_crate_section(elf::section_of(program, kCrateSection, kMaxCrates));
}

std::optional<SbomPackage> package_of_package_json(const std::string& text) {
  const auto json = Json::parse(text, "package.json");
  if (!json || json->text("name").empty() || json->text("version").empty()) return std::nullopt;
  SbomPackage package;
  package.name = json->text("name");
  package.version = json->text("version");
  package.purl = make_purl("npm", split(package.name, '/'), package.version);
  return package;
}

std::optional<SbomPackage> package_of_python_metadata(const std::string& text) {
  SbomPackage package;
  package.name = header_of(text, "name");
  package.version = header_of(text, "version");
  if (package.name.empty() || package.version.empty()) return std::nullopt;
  package.purl = make_purl("pypi", {normal_python_name(package.name)}, package.version);
  return package;
}

bool is_package_manifest(std::string_view path) {
  const std::string_view folder = last_folder(path);
  if (path.ends_with("/package.json")) return is_in_node_modules(path);
  if (path.ends_with("/METADATA")) return folder.ends_with(".dist-info");
  return path.ends_with("/PKG-INFO") && folder.ends_with(".egg-info");
}

std::optional<SbomPackage> package_of_manifest(std::string_view path, const std::string& text) {
  return path.ends_with("/package.json") ? package_of_package_json(text) : package_of_python_metadata(text);
}

}  // namespace slipway::builder
