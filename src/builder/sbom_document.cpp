#include <algorithm>

#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"
#include "slipway/io/hash.h"

namespace slipway::builder {
namespace {

constexpr std::size_t kMaxShown = 4096;

std::string file_id(std::size_t index) { return "SPDXRef-File-" + std::to_string(index); }
std::string package_id(std::size_t index) { return "SPDXRef-Package-" + std::to_string(index); }

Json relation(std::string from, const char* type, std::string to) {
  Json json;
  json.set("spdxElementId", std::move(from)).set("relationshipType", type).set("relatedSpdxElement", std::move(to));
  return json;
}

/// SPDX 2.3 clause 7.9: the sha1 of the sorted sha1 values of a package's files.
std::string verification_code(const Sbom& sbom, const std::vector<std::size_t>& files) {
  std::vector<std::string_view> sums;
  for (const std::size_t file : files)
    sums.push_back(sbom.files[file].sha1);
  std::sort(sums.begin(), sums.end());
  io::Hasher hasher("sha1");
  for (const std::string_view sum : sums)
    hasher.update(io::as_bytes(sum));
  return hasher.finish_hex();
}

Json spdx_package(const Sbom& sbom, std::string id, const std::string& name, const std::string& version,
                  const std::vector<std::size_t>& files) {
  Json json;
  json.set("name", printable(name)).set("SPDXID", std::move(id)).set("versionInfo", printable(version));
  json.set("downloadLocation", "NOASSERTION").set("filesAnalyzed", !files.empty());
  if (!files.empty()) {
    Json code;
    code.set("packageVerificationCodeValue", verification_code(sbom, files));
    json.set("packageVerificationCode", std::move(code));
  }
  return json;
}

Json checksum(const char* algorithm_key, const char* algorithm, const char* value_key, const std::string& value) {
  Json json;
  json.set(algorithm_key, algorithm).set(value_key, value);
  return json;
}

Json spdx_file(const Sbom& sbom, std::size_t index) {
  const SbomFile& file = sbom.files[index];
  Json json;
  json.set("fileName", "." + printable(file.path, kMaxShown)).set("SPDXID", file_id(index));
  json.set("checksums", Json::Array{checksum("algorithm", "SHA1", "checksumValue", file.sha1),
                                    checksum("algorithm", "SHA256", "checksumValue", file.sha256)});
  if (!file.build_id.empty()) json.set("comment", "build-id: " + file.build_id);
  return json;
}

Json cyclonedx_file(const SbomFile& file) {
  const std::string path = printable(file.path, kMaxShown);
  Json json;
  json.set("type", "file").set("bom-ref", "file:" + path).set("name", path);
  json.set("hashes", Json::Array{checksum("alg", "SHA-1", "content", file.sha1),
                                 checksum("alg", "SHA-256", "content", file.sha256)});
  if (!file.build_id.empty()) {
    Json property;
    property.set("name", "slipway:build-id").set("value", file.build_id);
    json.set("properties", Json::Array{std::move(property)});
  }
  return json;
}

std::string hex_of(const std::string& digest) { return digest.substr(digest.find(':') + 1); }

}  // namespace

Json spdx_document(const Sbom& sbom, const std::string& tool) {
  Json creation;
  creation.set("created", sbom.created).set("creators", Json::Array{Json("Tool: " + tool)});
  Json document;
  document.set("spdxVersion", "SPDX-2.3").set("dataLicense", "CC0-1.0").set("SPDXID", "SPDXRef-DOCUMENT");
  document.set("name", printable(sbom.name));
  document.set("documentNamespace", "urn:slipway:sbom:" + sbom.digest).set("creationInfo", std::move(creation));
  const std::string image = "SPDXRef-Image";
  Json root = spdx_package(sbom, image, sbom.name, sbom.digest, sbom.unowned);
  root.set("primaryPackagePurpose", "CONTAINER");
  Json::Array packages{std::move(root)}, files, relations{relation("SPDXRef-DOCUMENT", "DESCRIBES", image)};
  for (std::size_t i = 0; i < sbom.packages.size(); ++i) {
    const SbomPackage& package = sbom.packages[i];
    Json json = spdx_package(sbom, package_id(i), package.name, package.version, package.files);
    Json reference;
    reference.set("referenceCategory", "PACKAGE-MANAGER").set("referenceType", "purl");
    reference.set("referenceLocator", package.purl);
    json.set("externalRefs", Json::Array{std::move(reference)});
    packages.push_back(std::move(json));
    relations.push_back(relation(image, "CONTAINS", package_id(i)));
    for (const std::size_t file : package.files)
      relations.push_back(relation(package_id(i), "CONTAINS", file_id(file)));
  }
  for (const std::size_t file : sbom.unowned)
    relations.push_back(relation(image, "CONTAINS", file_id(file)));
  for (std::size_t i = 0; i < sbom.files.size(); ++i)
    files.push_back(spdx_file(sbom, i));
  document.set("packages", std::move(packages)).set("files", std::move(files));
  return document.set("relationships", std::move(relations));
}

Json cyclonedx_document(const Sbom& sbom, const std::string& tool) {
  Json program, tools, subject, metadata, document;
  program.set("type", "application").set("name", tool);
  tools.set("components", Json::Array{std::move(program)});
  subject.set("type", "container").set("bom-ref", "image").set("name", printable(sbom.name));
  subject.set("version", sbom.digest);
  if (sbom.digest.starts_with("sha256:"))
    subject.set("hashes", Json::Array{checksum("alg", "SHA-256", "content", hex_of(sbom.digest))});
  metadata.set("timestamp", sbom.created).set("tools", std::move(tools)).set("component", std::move(subject));
  Json::Array components;
  // A file of two packages is a component once: references are unique in a document.
  std::set<std::size_t> listed;
  for (const SbomPackage& package : sbom.packages) {
    Json json;
    json.set("type", "library").set("bom-ref", package.purl).set("name", printable(package.name));
    json.set("version", printable(package.version)).set("purl", package.purl);
    Json::Array own;
    for (const std::size_t file : package.files)
      if (listed.insert(file).second) own.push_back(cyclonedx_file(sbom.files[file]));
    if (!own.empty()) json.set("components", std::move(own));
    components.push_back(std::move(json));
  }
  for (const std::size_t file : sbom.unowned)
    components.push_back(cyclonedx_file(sbom.files[file]));
  document.set("bomFormat", "CycloneDX").set("specVersion", "1.5").set("version", 1);
  return document.set("metadata", std::move(metadata)).set("components", std::move(components));
}

const SbomFormat* find_sbom_format(std::string_view name) {
  static const SbomFormat formats[] = {
      {"spdx", "application/spdx+json", "sbom.spdx.json", spdx_document},
      {"cyclonedx", "application/vnd.cyclonedx+json", "sbom.cdx.json", cyclonedx_document},
  };
  for (const SbomFormat& format : formats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace slipway::builder
