#include "cli/command.h"
#include "cli/project.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"
#include "slipway/release/verify.h"

namespace slipway::cli {
namespace {

struct VerifyFlags {
  std::optional<std::string> what;
  std::optional<std::string> head;
  bool all = false;
};

Json proof_json(const release::Proof& proof, const oci::Location& shown) {
  Json::Array problems;
  for (const Error& problem : proof.problems)
    problems.push_back(problem.message);
  Json json;
  json.set("environment", proof.environment).set("location", shown.str()).set("releases", proof.entries);
  json.set("head", proof.active ? Json(proof.active->id.str()) : Json());
  json.set("digest", proof.active ? Json(proof.active->entry.image.digest.str()) : Json());
  json.set("build", proof.active ? Json(proof.active->entry.build.digest.str()) : Json());
  json.set("valid", proof.problems.empty()).set("problems", std::move(problems));
  return json.set("notes", Json::Array(proof.notes.begin(), proof.notes.end()));
}

Result<int> print_proofs(Context& context, const std::string& app, const std::vector<release::Proof>& proofs) {
  Json::Array environments;
  std::vector<Error> wrong;
  for (const release::Proof& proof : proofs) {
    const oci::Location shown = context.shown(proof.location);
    for (const std::string& note : proof.notes)
      context.warn(note);
    const Status status = proof.status();
    if (!status) wrong.push_back(status.error());
    environments.push_back(proof_json(proof, shown));
    if (context.json() || !status) continue;
    if (proof.active) {
      SLIPWAY_TRY(context.print(shown.with_digest(proof.active->entry.image.digest).str()));
      context.note(fmt::format("{}: {} in an unbroken chain, head {}", proof.environment,
                               counted(static_cast<std::size_t>(proof.entries), "release"), proof.active->id.str()));
    } else {
      context.note(fmt::format("{}: nothing was ever released", proof.environment));
    }
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/verify").set("app", app).set("environments", std::move(environments));
    SLIPWAY_TRY(context.print_document(document));
  }
  if (!wrong.empty()) return fail(combine(std::move(wrong)));
  return 0;
}

Result<int> verify_environments(Context& context, const VerifyFlags& f) {
  SLIPWAY_ASSIGN(const Loaded loaded, require_project(context));
  std::vector<const release::Environment*> wanted;
  if (f.all) {
    for (const release::Environment& environment : loaded.project.environments)
      wanted.push_back(&environment);
  } else {
    SLIPWAY_ASSIGN(const auto* environment, loaded.project.require(*f.what));
    wanted.push_back(environment);
  }
  std::optional<Digest> head;
  if (f.head) {
    SLIPWAY_ASSIGN(head, Digest::parse(*f.head));
  }
  const ProjectServices services(context, loaded);
  std::vector<release::Proof> proofs;
  for (const release::Environment* environment : wanted) {
    SLIPWAY_ASSIGN(auto proof, release::verify_environment(loaded.project, *environment, head, services.get()));
    proofs.push_back(std::move(proof));
  }
  return print_proofs(context, loaded.project.app, proofs);
}

/// The hosts of the ledgers of slipway.yaml, where there is one that can be read.
std::vector<std::string> hosts_of_ledgers(const Context& context) {
  std::vector<std::string> hosts;
  const auto apps = load_projects(context);
  if (!apps) return hosts;
  for (const Loaded& loaded : *apps) {
    if (loaded.project.ledger.is_registry()) hosts.push_back(loaded.project.ledger.host());
  }
  return hosts;
}

/// An image anywhere, with or without slipway.yaml: by the evidence beside it.
Result<int> verify_reference(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location_for_reading(text));
  release::ReleaseServices services;
  services.opener = &context.opener();
  services.fs = &context.fs();
  services.stop = context.stop();
  SLIPWAY_ASSIGN(const auto proof, release::verify_image(location, services, hosts_of_ledgers(context)));
  for (const std::string& note : proof.notes)
    context.warn(note);
  const std::string shown = context.shown(location.with_digest(proof.image.digest)).str();
  if (context.json()) {
    Json::Array releases;
    for (const release::Recorded& recorded : proof.entries) {
      releases.push_back(Json()
                             .set("app", recorded.entry.app)
                             .set("environment", recorded.entry.environment)
                             .set("number", recorded.entry.number)
                             .set("build", recorded.entry.build.digest.str())
                             .set("entry", recorded.id.str()));
    }
    Json document;
    document.set("schema", "slipway/v1/verify").set("location", shown).set("releases", std::move(releases));
    document.set("notes", Json::Array(proof.notes.begin(), proof.notes.end()));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(shown));
  for (const release::Recorded& recorded : proof.entries) {
    context.note(fmt::format("{} {} v{}, build {}", printable(recorded.entry.app, 80),
                             printable(recorded.entry.environment, 80), recorded.entry.number,
                             recorded.entry.build.digest.str()));
  }
  return 0;
}

Result<int> run_verify(Context& context, const VerifyFlags& f) {
  if (f.all == f.what.has_value()) {
    return fail(Error(Errc::invalid_argument, "verify takes one environment, one image, or --all")
                    .with_hint("verify every environment with: slipway verify --all"));
  }
  if (f.all && f.head)
    return fail(Errc::invalid_argument, "--head belongs to one environment: name it instead of --all");
  if (f.all || release::is_valid_name(*f.what)) return verify_environments(context, f);
  if (f.head) return fail(Errc::invalid_argument, "--head belongs to an environment, not to an image");
  return verify_reference(context, *f.what);
}

}  // namespace

Command verify_command() {
  return {
      .name = "verify",
      .aliases = {},
      .summary = "prove that a registry holds what the ledger records",
      .description =
          "Reads the ledger from its first entry, and checks that tag, image, layers and config of the environment are "
          "those that were released. For an image anywhere, checks the evidence beside it. Changes nothing.",
      .synopsis = "[--head DIGEST] ENV | --all | REF",
      .examples = {{"tag, ledger, build, layers and config", "slipway verify production"},
                   {"also that nothing was cut off since", "slipway verify production --head sha256:..."},
                   {"an image anywhere, by the evidence beside it", "slipway verify registry.example.com/team/app:v1"}},
      .statuses = {{12, "something is not what was recorded"}},
      .see_also = {"status", "drift", "validate"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<VerifyFlags>();
        options.optional_positional("ENV|REF", flags->what, "an environment of slipway.yaml, or an image");
        options.flag("--all", flags->all, "verify every environment");
        options.value("--head", "DIGEST", flags->head,
                      "fail unless the ledger has the entry with this id, kept elsewhere (history -o json: entry)");
        return [flags](Context& context) { return run_verify(context, *flags); };
      }};
}

}  // namespace slipway::cli
