#include <functional>

#include "slipway/base/json.h"
#include "slipway/base/text.h"
#include "slipway/builder/sbom.h"
#include "slipway/io/hash.h"
#include "slipway/layer/record_sorter.h"

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

/// Calls with each file of some files.
using Files = std::function<Status(const SbomFiles::Visitor& visitor)>;

/// SPDX 2.3 clause 7.9: the sha1 of the sorted sha1 values of a package's files; empty where there are none.
Result<std::string> verification_code(const Files& files, const layer::SpillPlace& spill) {
  layer::RecordSorter sums(spill);
  SLIPWAY_TRY(files([&sums](std::size_t, const SbomFile& file) { return sums.add(file.sha1, {}); }));
  if (sums.empty()) return std::string();
  SLIPWAY_TRY(sums.sort());
  io::Hasher hasher("sha1");
  layer::RecordSorter::Reader reader(sums);
  for (std::string_view sum, none;;) {
    SLIPWAY_ASSIGN(const bool more, reader.next(sum, none));
    if (!more) break;
    hasher.update(io::as_bytes(sum));
  }
  return hasher.finish_hex();
}

Json spdx_package(std::string id, const std::string& name, const std::string& version, const std::string& code) {
  Json json;
  json.set("name", printable(name)).set("SPDXID", std::move(id)).set("versionInfo", printable(version));
  json.set("downloadLocation", "NOASSERTION").set("filesAnalyzed", !code.empty());
  if (!code.empty()) {
    Json value;
    value.set("packageVerificationCodeValue", code);
    json.set("packageVerificationCode", std::move(value));
  }
  return json;
}

Json checksum(const char* algorithm_key, const char* algorithm, const char* value_key, const std::string& value) {
  Json json;
  json.set(algorithm_key, algorithm).set(value_key, value);
  return json;
}

Json spdx_file(const SbomFile& file, std::size_t index) {
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

/// Writes a document as Json::pretty() would, without holding it: objects and lists are opened, filled and closed.
class DocumentWriter {
 public:
  explicit DocumentWriter(io::Sink& out) : out_(out) {}

  /// Writes an object's first members and leaves it open.
  Status open(const Json& head) {
    begin_item();
    const std::string text = indented(head);
    buffer_.append(text, 0, text.size() - 2 - depth_);  // without the last line, which closes it
    depth_ += kIndent;
    return flush(kFlushed);
  }
  Status close() {
    depth_ -= kIndent;
    new_line();
    buffer_ += '}';
    return flush(depth_ == 0 ? 0 : kFlushed);
  }
  void open_list(std::string_view name) {
    buffer_ += ',';
    new_line();
    buffer_ += fmt::format("\"{}\": [", name);
    depth_ += kIndent;
    items_.push_back(0);
  }
  Status item(const Json& json) {
    begin_item();
    buffer_ += indented(json);
    return flush(kFlushed);
  }
  void close_list() {
    depth_ -= kIndent;
    if (items_.back() > 0) new_line();
    items_.pop_back();
    buffer_ += ']';
  }

 private:
  static constexpr std::size_t kIndent = 2;
  static constexpr std::size_t kFlushed = 64u << 10;

  void new_line() { buffer_.append(1, '\n').append(depth_, ' '); }
  void begin_item() {
    if (items_.empty()) return;
    if (items_.back()++ > 0) buffer_ += ',';
    new_line();
  }
  /// Strings have no line ends: they are escaped.
  std::string indented(const Json& json) const {
    std::string out;
    for (const char c : json.pretty()) {
      out += c;
      if (c == '\n') out.append(depth_, ' ');
    }
    return out;
  }
  Status flush(std::size_t least) {
    if (buffer_.size() < least) return {};
    SLIPWAY_TRY(out_.write(io::as_bytes(buffer_)));
    buffer_.clear();
    return {};
  }

  io::Sink& out_;
  std::string buffer_;
  std::size_t depth_ = 0;           // spaces
  std::vector<std::size_t> items_;  // of the open lists, how many so far
};

/// Writes an SPDX document.
class SpdxWriter {
 public:
  SpdxWriter(Sbom& sbom, const layer::SpillPlace& spill, io::Sink& out) : sbom_(sbom), spill_(spill), out_(out) {}

  Status write(const std::string& tool) {
    Json creation, head;
    creation.set("created", sbom_.created).set("creators", Json::Array{Json("Tool: " + tool)});
    head.set("spdxVersion", "SPDX-2.3").set("dataLicense", "CC0-1.0").set("SPDXID", "SPDXRef-DOCUMENT");
    head.set("name", printable(sbom_.name));
    head.set("documentNamespace", "urn:slipway:sbom:" + sbom_.digest).set("creationInfo", std::move(creation));
    SLIPWAY_TRY(out_.open(head));
    SLIPWAY_TRY(packages());
    out_.open_list("files");
    SLIPWAY_TRY(sbom_.files.visit(
        [this](std::size_t number, const SbomFile& file) { return out_.item(spdx_file(file, number)); }));
    out_.close_list();
    SLIPWAY_TRY(relationships());
    return out_.close();
  }

 private:
  static constexpr const char* kImage = "SPDXRef-Image";

  Status packages() {
    out_.open_list("packages");
    const auto unowned = [this](const SbomFiles::Visitor& visitor) { return sbom_.files.visit_unowned(visitor); };
    SLIPWAY_ASSIGN(const std::string code, verification_code(unowned, spill_));
    Json root = spdx_package(kImage, sbom_.name, sbom_.digest, code);
    root.set("primaryPackagePurpose", "CONTAINER");
    SLIPWAY_TRY(out_.item(root));
    for (std::size_t i = 0; i < sbom_.packages.size(); ++i)
      SLIPWAY_TRY(package(i));
    out_.close_list();
    return {};
  }

  Status package(std::size_t index) {
    const SbomPackage& package = sbom_.packages[index];
    const auto own = [&](const SbomFiles::Visitor& visitor) { return sbom_.files.visit_package(index, visitor); };
    SLIPWAY_ASSIGN(const std::string code, verification_code(own, spill_));
    Json json = spdx_package(package_id(index), package.name, package.version, code);
    Json reference;
    reference.set("referenceCategory", "PACKAGE-MANAGER").set("referenceType", "purl");
    reference.set("referenceLocator", package.purl);
    json.set("externalRefs", Json::Array{std::move(reference)});
    return out_.item(json);
  }

  Status relationships() {
    out_.open_list("relationships");
    SLIPWAY_TRY(out_.item(relation("SPDXRef-DOCUMENT", "DESCRIBES", kImage)));
    for (std::size_t i = 0; i < sbom_.packages.size(); ++i) {
      SLIPWAY_TRY(out_.item(relation(kImage, "CONTAINS", package_id(i))));
      SLIPWAY_TRY(sbom_.files.visit_package(i, [&](std::size_t number, const SbomFile&) {
        return out_.item(relation(package_id(i), "CONTAINS", file_id(number)));
      }));
    }
    SLIPWAY_TRY(sbom_.files.visit_unowned([this](std::size_t number, const SbomFile&) {
      return out_.item(relation(kImage, "CONTAINS", file_id(number)));
    }));
    out_.close_list();
    return {};
  }

  Sbom& sbom_;
  const layer::SpillPlace& spill_;
  DocumentWriter out_;
};

Json cyclonedx_head(const Sbom& sbom, const std::string& tool) {
  Json program, tools, subject, metadata, head;
  program.set("type", "application").set("name", tool);
  tools.set("components", Json::Array{std::move(program)});
  subject.set("type", "container").set("bom-ref", "image").set("name", printable(sbom.name));
  subject.set("version", sbom.digest);
  if (sbom.digest.starts_with("sha256:"))
    subject.set("hashes", Json::Array{checksum("alg", "SHA-256", "content", hex_of(sbom.digest))});
  metadata.set("timestamp", sbom.created).set("tools", std::move(tools)).set("component", std::move(subject));
  head.set("bomFormat", "CycloneDX").set("specVersion", "1.5").set("version", 1);
  return head.set("metadata", std::move(metadata));
}

/// Writes a package with its files. A file of two packages is a component once: references are unique in a document.
Status write_component(Sbom& sbom, std::size_t index, std::vector<bool>& listed, DocumentWriter& out) {
  const SbomPackage& package = sbom.packages[index];
  Json json;
  json.set("type", "library").set("bom-ref", package.purl).set("name", printable(package.name));
  json.set("version", printable(package.version)).set("purl", package.purl);
  SLIPWAY_TRY(out.open(json));
  bool any = false;
  SLIPWAY_TRY(sbom.files.visit_package(index, [&](std::size_t number, const SbomFile& file) -> Status {
    if (listed[number]) return {};
    listed[number] = true;
    if (!any) out.open_list("components");
    any = true;
    return out.item(cyclonedx_file(file));
  }));
  if (any) out.close_list();
  return out.close();
}

}  // namespace

Status write_spdx(Sbom& sbom, const std::string& tool, const layer::SpillPlace& spill, io::Sink& out) {
  return SpdxWriter(sbom, spill, out).write(tool);
}

Status write_cyclonedx(Sbom& sbom, const std::string& tool, const layer::SpillPlace&, io::Sink& out) {
  DocumentWriter document(out);
  SLIPWAY_TRY(document.open(cyclonedx_head(sbom, tool)));
  document.open_list("components");
  std::vector<bool> listed(sbom.files.size());
  for (std::size_t i = 0; i < sbom.packages.size(); ++i)
    SLIPWAY_TRY(write_component(sbom, i, listed, document));
  SLIPWAY_TRY(sbom.files.visit_unowned(
      [&document](std::size_t, const SbomFile& file) { return document.item(cyclonedx_file(file)); }));
  document.close_list();
  return document.close();
}

const SbomFormat* find_sbom_format(std::string_view name) {
  static const SbomFormat formats[] = {
      {"spdx", "application/spdx+json", "sbom.spdx.json", write_spdx},
      {"cyclonedx", "application/vnd.cyclonedx+json", "sbom.cdx.json", write_cyclonedx},
  };
  for (const SbomFormat& format : formats) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

}  // namespace slipway::builder
