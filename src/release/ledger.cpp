#include "slipway/release/ledger.h"

#include <algorithm>
#include <charconv>

#include "slipway/base/lanes.h"
#include "slipway/base/text.h"
#include "slipway/io/filters.h"
#include "slipway/io/hash.h"
#include "slipway/oci/media_type.h"

namespace slipway::release {
namespace {

constexpr std::size_t kMaxEntry = 1u << 20;
/// Entries read at once: each is one small request.
constexpr std::size_t kLanes = 8;

oci::Descriptor describe(std::string_view type, const std::string& bytes) {
  return {std::string(type), io::digest_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

/// An entry as an artifact: its bytes are the config blob, embedded as `data`
/// so that one request reads it; the one layer is the empty blob.
struct EntryArtifact {
  std::string bytes;
  oci::Descriptor blob;
  std::string manifest_bytes;
  oci::Descriptor manifest;
};

EntryArtifact make_artifact(std::string bytes, std::optional<oci::Descriptor> subject) {
  oci::Descriptor blob = describe(kEntryType, bytes);
  oci::Descriptor embedded = blob;
  embedded.data = bytes;
  oci::Manifest manifest{.raw = {},
                         .media_type = std::string(oci::kManifestType),
                         .artifact_type = std::string(kEntryType),
                         .config = std::move(embedded),
                         .layers = {oci::empty_descriptor()},
                         .subject = std::move(subject),
                         .annotations = {}};
  std::string manifest_bytes = oci::write_manifest(manifest);
  oci::Descriptor descriptor = describe(oci::kManifestType, manifest_bytes);
  descriptor.artifact_type = std::string(kEntryType);
  return {std::move(bytes), std::move(blob), std::move(manifest_bytes), std::move(descriptor)};
}

Status push_blobs(const EntryArtifact& artifact, store::Target& to) {
  io::TextSource empty(oci::kEmptyJson);
  SLIPWAY_TRY(to.push(oci::empty_descriptor(), empty));
  io::TextSource blob(artifact.bytes);
  return to.push(artifact.blob, blob);
}

std::string prefix_of(const std::string& app, const std::string& environment) { return app + "." + environment + ".v"; }

/// Only the canonical bytes of an entry have its id (RFC 8785).
bool is_canonical(const std::string& bytes) {
  const auto json = Json::parse(bytes, "release entry", {.max_bytes = kMaxEntry});
  if (!json) return false;
  const auto canonical = json->canonical();
  return canonical && *canonical == bytes;
}

std::string tag_of(const Entry& entry, const Digest& id) {
  return fmt::format("{}{}.{}", prefix_of(entry.app, entry.environment), entry.number, id.short_hex());
}

Status check_link(const Recorded& older, const Recorded& newer) {
  if (newer.entry.number != older.entry.number + 1) {
    return fail(Errc::verification_failed, "the ledger has no release v{} of {}", older.entry.number + 1,
                older.entry.environment);
  }
  if (newer.entry.prev != older.id) {
    return fail(Errc::verification_failed, "release v{} of {} does not follow from v{}: the ledger was changed",
                newer.entry.number, newer.entry.environment, older.entry.number);
  }
  return {};
}

}  // namespace

const Recorded* Chain::number(std::int64_t n) const {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const Recorded& r) { return r.entry.number == n; });
  return at == entries.end() ? nullptr : &*at;
}

Result<std::shared_ptr<store::Target>> Ledger::open_for_writing() {
  return opener_.open_for_writing(location_, Side::destination);
}

Result<std::shared_ptr<store::ReadTarget>> Ledger::open_for_reading() {
  return opener_.open_for_reading(location_, Side::destination);
}

Result<std::vector<Ledger::Slot>> Ledger::slots(store::ReadTarget& target, const std::string& prefix) {
  std::vector<Slot> found;
  auto* lister = store::as<store::TagLister>(target);
  if (lister == nullptr) return fail(Errc::unsupported, "{} cannot list its tags, a ledger needs that", target.name());
  auto tags = lister->list_tags();
  if (!tags && tags.error().code == Errc::not_found) return found;
  SLIPWAY_TRY(tags);
  for (const std::string& tag : *tags) {
    if (tag.rfind(prefix, 0) != 0) continue;
    const std::string rest = tag.substr(prefix.size());
    const std::size_t dot = rest.find('.');
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (dot == std::string::npos || problem != std::errc() || end != rest.data() + dot || number < 1) continue;
    found.push_back({number, tag, rest.substr(dot + 1)});
  }
  std::sort(found.begin(), found.end(),
            [](const Slot& a, const Slot& b) { return std::tie(a.number, a.hex) < std::tie(b.number, b.hex); });
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i].number != found[i - 1].number) continue;
    return fail(Error(Errc::conflict, fmt::format("{} has two releases with one number: {} and {}", location_.str(),
                                                  found[i - 1].tag, found[i].tag))
                    .with_hint("two writers released at once: decide which one holds and remove the other's tag, "
                               "then release again"));
  }
  return found;
}

Result<Recorded> Ledger::fetch(store::ReadTarget& target, const Slot& slot) {
  SLIPWAY_ASSIGN(store::Fetched fetched, target.fetch_document(slot.tag));
  SLIPWAY_ASSIGN(const oci::Manifest manifest,
                 oci::parse_manifest(std::move(fetched.bytes), fetched.descriptor.media_type));
  const auto refuse = [&](std::string_view why) {
    return fail(
        Error(Errc::verification_failed, fmt::format("the ledger entry {} in {} {}", slot.tag, location_.str(), why))
            .with_hint("somebody changed the ledger; restore this entry from a copy of the repository"));
  };
  if (manifest.artifact_type != kEntryType) return refuse("is not a release entry");
  std::string bytes;
  if (manifest.config.data) {
    bytes = *manifest.config.data;
  } else {
    SLIPWAY_ASSIGN(const auto source, target.fetch(manifest.config));
    SLIPWAY_ASSIGN(bytes, io::read_all(*source, kMaxEntry));
  }
  if (bytes.size() > kMaxEntry) return refuse("is too large");
  const Digest id = io::digest_of(bytes);
  if (id != manifest.config.digest) return refuse("does not have the digest it claims");
  if (id.short_hex() != slot.hex) return refuse("does not have the id in its tag");
  if (!is_canonical(bytes)) return refuse("is not canonical JSON");
  auto entry = Entry::parse(bytes);
  if (!entry) return fail(std::move(entry).error().in(fmt::format("reading {} in {}", slot.tag, location_.str())));
  if (tag_of(*entry, id) != slot.tag) return refuse("belongs to another release");
  return Recorded{*std::move(entry), id, std::move(bytes)};
}

Result<Chain> Ledger::read(const std::string& app, const std::string& environment) {
  Chain chain;
  auto target = open_for_reading();
  if (!target && target.error().code == Errc::not_found) return chain;
  SLIPWAY_TRY(target);
  SLIPWAY_ASSIGN(const auto found, slots(**target, prefix_of(app, environment)));
  std::vector<std::optional<Recorded>> fetched(found.size());
  SLIPWAY_TRY(run_lanes(kLanes, found.size(), {}, [&](std::size_t i, const std::stop_token&) -> Status {
    SLIPWAY_ASSIGN(fetched[i], fetch(**target, found[i]));
    return {};
  }));
  for (std::optional<Recorded>& recorded : fetched) {
    if (chain.entries.empty() && (recorded->entry.prev || recorded->entry.number != 1)) {
      return fail(Errc::verification_failed, "the ledger has no release before v{} of {}", recorded->entry.number,
                  environment);
    }
    if (!chain.entries.empty()) SLIPWAY_TRY(check_link(chain.entries.back(), *recorded));
    chain.entries.push_back(*std::move(recorded));
  }
  return chain;
}

Result<std::optional<Recorded>> Ledger::head(const std::string& app, const std::string& environment) {
  auto target = open_for_reading();
  if (!target && target.error().code == Errc::not_found) return std::optional<Recorded>();
  SLIPWAY_TRY(target);
  SLIPWAY_ASSIGN(const auto found, slots(**target, prefix_of(app, environment)));
  if (found.empty()) return std::optional<Recorded>();
  SLIPWAY_ASSIGN(Recorded recorded, fetch(**target, found.back()));
  return std::optional<Recorded>(std::move(recorded));
}

Result<std::optional<Recorded>> Ledger::number(const std::string& app, const std::string& environment, std::int64_t n) {
  auto target = open_for_reading();
  if (!target && target.error().code == Errc::not_found) return std::optional<Recorded>();
  SLIPWAY_TRY(target);
  SLIPWAY_ASSIGN(const auto found, slots(**target, prefix_of(app, environment)));
  for (const Slot& slot : found) {
    if (slot.number != n) continue;
    SLIPWAY_ASSIGN(Recorded recorded, fetch(**target, slot));
    return std::optional<Recorded>(std::move(recorded));
  }
  return std::optional<Recorded>();
}

Result<Recorded> Ledger::append(const Entry& entry) {
  SLIPWAY_ASSIGN(std::string bytes, entry.canonical());
  const EntryArtifact artifact = make_artifact(std::move(bytes), std::nullopt);
  SLIPWAY_ASSIGN(const auto target, open_for_writing());
  SLIPWAY_TRY(push_blobs(artifact, *target));
  SLIPWAY_TRY(target->push_tagged(artifact.manifest, artifact.manifest_bytes, tag_of(entry, artifact.blob.digest)));
  return Recorded{entry, artifact.blob.digest, artifact.bytes};
}

Status push_evidence(const Recorded& recorded, const oci::Descriptor& image, store::Target& to) {
  const EntryArtifact artifact =
      make_artifact(recorded.bytes, oci::Descriptor(image.media_type, image.digest, image.size));
  SLIPWAY_ASSIGN(const bool there, to.exists(artifact.manifest));
  if (!there) SLIPWAY_TRY(push_blobs(artifact, to));
  // Also when it is there: an interrupted run may not have come to listing it among the referrers.
  io::TextSource source(artifact.manifest_bytes);
  return to.push(artifact.manifest, source);
}

}  // namespace slipway::release
