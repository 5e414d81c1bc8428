#include "cli/command.h"
#include "cli/found_image.h"
#include "slipway/base/text.h"

namespace slipway::cli {
namespace {

struct ReferrersFlags {
  std::string reference;
  std::optional<std::string> type;
};

std::string line_of(const oci::Descriptor& referrer) {
  std::string line = fmt::format("{} {}", referrer.digest.str(),
                                 printable(referrer.artifact_type.empty() ? "-" : referrer.artifact_type, 200));
  const auto created = referrer.annotations.find("org.opencontainers.image.created");
  if (created != referrer.annotations.end()) line += " " + printable(created->second, 40);
  return line;
}

Result<int> run_referrers(Context& context, const ReferrersFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  SLIPWAY_ASSIGN(const oci::Descriptor root, found.target->resolve(found.reference));
  auto* lister = store::as<store::ReferrerLister>(*found.target);
  if (lister == nullptr) return fail(Errc::unsupported, "{} does not list referrers", found.target->name());
  SLIPWAY_ASSIGN(const auto referrers, lister->referrers(root.digest, f.type.value_or("")));
  if (!context.json()) {
    std::string lines;
    for (const oci::Descriptor& referrer : referrers)
      lines += line_of(referrer) + "\n";
    SLIPWAY_TRY(context.print_text(lines));
    return 0;
  }
  Json::Array entries;
  for (const oci::Descriptor& referrer : referrers) {
    Json annotations{Json::Object{}};
    for (const auto& [key, value] : referrer.annotations)
      annotations.set(key, value);
    Json entry;
    entry.set("digest", referrer.digest.str()).set("mediaType", referrer.media_type).set("size", referrer.size);
    entry.set("artifactType", referrer.artifact_type).set("annotations", std::move(annotations));
    entries.push_back(std::move(entry));
  }
  Json document;
  document.set("schema", "slipway/v1/referrers");
  document.set("location", context.shown(found.location.with_digest(root.digest)).str());
  document.set("referrers", std::move(entries));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

}  // namespace

Command referrers_command() {
  return {
      .name = "referrers",
      .aliases = {},
      .summary = "list the artifacts attached to an image",
      .description =
          "Prints digest, type and time of each signature, attestation, SBOM and release record whose subject is the "
          "image.",
      .synopsis = "[--artifact-type TYPE] REF",
      .examples = {{"everything", "slipway referrers registry.example.com/team/app:v1"},
                   {"releases alone",
                    "slipway referrers --artifact-type application/vnd.slipway.release.v1+json oci:images:staging"}},
      .see_also = {"sbom", "copy", "inspect"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<ReferrersFlags>();
        options.positional("REF", flags->reference, kImageHelp);
        options.value("--artifact-type", "TYPE", flags->type, "list only artifacts of this type");
        return [flags](Context& context) { return run_referrers(context, *flags); };
      }};
}

}  // namespace slipway::cli
