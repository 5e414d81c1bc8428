#include "builder/sbom_sources.h"

#include <algorithm>

#include "slipway/base/text.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxPackages = 100'000;
constexpr int kMaxNesting = 16;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  return value != nullptr && value->string() != nullptr ? *value->string() : std::string();
}

const Json::Array& list(const Json& object, std::string_view name) {
  static const Json::Array none;
  const Json* value = object.find(name);
  return value != nullptr && value->array() != nullptr ? *value->array() : none;
}

SbomPackage generic(std::string name, std::string version, std::string purl) {
  SbomPackage package;
  package.name = std::move(name);
  package.version = std::move(version);
  package.purl = purl.starts_with("pkg:") ? std::move(purl) : make_purl("generic", {package.name}, package.version);
  return package;
}

void take_spdx(const Json& document, std::vector<SbomPackage>& out) {
  const Json::Array& packages = list(document, "packages");
  // vcpkg lists the port, what it downloaded and what it built of it: three names of one thing.
  const auto is_port = [](const Json& package) { return member(package, "SPDXID") == "SPDXRef-port"; };
  const bool vcpkg = std::any_of(packages.begin(), packages.end(), is_port);
  for (const Json& package : packages) {
    if (out.size() == kMaxPackages) return;
    const std::string name = member(package, "name");
    if (name.empty() || (vcpkg && !is_port(package))) continue;
    std::string purl;
    for (const Json& reference : list(package, "externalRefs")) {
      if (member(reference, "referenceType") == "purl") purl = member(reference, "referenceLocator");
    }
    out.push_back(generic(name, member(package, "versionInfo"), std::move(purl)));
  }
}

void take_components(const Json& holder, int depth, std::vector<SbomPackage>& out) {
  if (depth > kMaxNesting) return;
  for (const Json& component : list(holder, "components")) {
    if (out.size() == kMaxPackages) return;
    const std::string name = member(component, "name"), type = member(component, "type");
    if (!name.empty() && type != "file")
      out.push_back(generic(name, member(component, "version"), member(component, "purl")));
    take_components(component, depth + 1, out);
  }
}

}  // namespace

std::string make_purl(std::string_view type, const std::vector<std::string>& names, std::string_view version,
                      const std::string& qualifiers) {
  std::string purl = "pkg:" + to_lower(type);
  for (const std::string& name : names)
    purl += "/" + escaped(name);
  if (!version.empty()) purl += "@" + escaped(version);
  return qualifiers.empty() ? purl : purl + "?" + qualifiers;
}

std::vector<NamedPackage> parse_apk_database(const std::string& text, const std::string& distribution) {
  std::vector<NamedPackage> packages;
  NamedPackage next;
  std::string folder;
  const auto finish = [&] {
    SbomPackage& package = next.package;
    if (!package.name.empty() && packages.size() < kMaxPackages) {
      package.purl =
          make_purl("apk", {distribution, package.name}, package.version, "arch=" + escaped(package.architecture));
      packages.push_back(std::move(next));
    }
    next = {};
    folder.clear();
  };
  for (const std::string& line : split(text, '\n')) {
    if (line.empty()) {
      finish();
      continue;
    }
    if (line.size() < 2 || line[1] != ':') continue;
    const std::string value = line.substr(2);
    if (line[0] == 'P') next.package.name = value;
    if (line[0] == 'V') next.package.version = value;
    if (line[0] == 'A') next.package.architecture = value;
    if (line[0] == 'F') folder = value;
    if (line[0] == 'R') next.files.insert("/" + (folder.empty() ? value : folder + "/" + value));
  }
  finish();
  return packages;
}

std::optional<SbomPackage> package_of_note(const std::string& json) {
  const auto note = Json::parse(json, "the package note");
  if (!note) return std::nullopt;
  SbomPackage package;
  package.name = member(*note, "name");
  package.version = member(*note, "version");
  package.architecture = member(*note, "architecture");
  if (package.name.empty()) return std::nullopt;
  const std::string type = member(*note, "type"), os = member(*note, "os");
  const std::string arch = package.architecture.empty() ? "" : "arch=" + escaped(package.architecture);
  std::vector<std::string> names;
  if (!os.empty()) names.push_back(to_lower(os));
  names.push_back(package.name);
  package.purl = make_purl(type.empty() ? "generic" : type, names, package.version, arch);
  return package;
}

std::vector<SbomPackage> packages_of_document(const std::string& text) {
  std::vector<SbomPackage> out;
  const auto document = Json::parse(text, "the SBOM");
  if (!document) return out;
  if (member(*document, "spdxVersion").starts_with("SPDX-2")) take_spdx(*document, out);
  if (member(*document, "bomFormat") == "CycloneDX") take_components(*document, 0, out);
  return out;
}

bool is_sbom_name(std::string_view path) { return path.ends_with(".spdx.json") || path.ends_with(".cdx.json"); }

}  // namespace slipway::builder
