#include <algorithm>

#include "cli/command.h"
#include "cli/found_image.h"
#include "cli/next_step.h"
#include "cli/project.h"
#include "cli/proved_signatures.h"
#include "cli/text_layout.h"
#include "slipway/base/text.h"
#include "slipway/release/verify.h"

namespace slipway::cli {
namespace {

struct VerifyFlags {
  std::optional<std::string> what;
  std::optional<std::string> head;
  bool all = false;
  SignatureFlags signatures;
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

/// The environments of one app, proved.
struct AppProofs {
  std::string app;
  std::vector<release::Proof> proofs;
};

/// Prints the sound environments of an app and collects what is wrong with the others.
Result<Json::Array> print_proofs(Context& context, const AppProofs& of_app, bool name_app, std::vector<Error>& wrong) {
  Json::Array environments;
  const std::string prefix = name_app ? of_app.app + " " : "";
  for (const release::Proof& proof : of_app.proofs) {
    const oci::Location shown = context.shown(proof.location);
    for (const std::string& note : proof.notes)
      context.warn(note);
    const Status status = proof.status();
    if (!status) wrong.push_back(name_app ? Error(status.error()).in("verifying " + of_app.app) : status.error());
    environments.push_back(proof_json(proof, shown));
    if (context.json() || !status) continue;
    if (proof.active) {
      SLIPWAY_TRY(context.print(shown.with_digest(proof.active->entry.image.digest).str()));
      context.note(fmt::format("{}{}: {} in an unbroken chain, head {}", prefix, proof.environment,
                               counted(static_cast<std::size_t>(proof.entries), "release"), proof.active->id.str()));
    } else {
      context.note(fmt::format("{}{}: nothing was ever released", prefix, proof.environment));
    }
  }
  return environments;
}

Result<AppProofs> prove(Context& context, const Loaded& loaded, const VerifyFlags& f) {
  std::optional<Digest> head;
  if (f.head) {
    SLIPWAY_ASSIGN(head, Digest::parse(*f.head));
  }
  const ProjectServices services(context, loaded);
  AppProofs all{loaded.project.app, {}};
  for (const release::Environment& environment : loaded.project.environments) {
    if (!f.all && environment.name != *f.what) continue;
    SLIPWAY_ASSIGN(auto proof, release::verify_environment(loaded.project, environment, head, services.get()));
    all.proofs.push_back(std::move(proof));
  }
  return all;
}

/// The apps that are meant: all of them, or those that have the environment.
Result<std::vector<Loaded>> apps_of(Context& context, const VerifyFlags& f) {
  SLIPWAY_ASSIGN(auto apps, require_projects(context));
  if (f.all) return apps;
  if (apps.size() == 1) SLIPWAY_TRY(apps.front().project.require(*f.what));
  std::erase_if(apps, [&](const Loaded& loaded) { return loaded.project.find(*f.what) == nullptr; });
  if (apps.empty()) {
    return fail(error(Errc::invalid_argument, "no app of slipway.yaml has an environment \"{}\"", *f.what)
                    .with_hint("list the environments with: slipway status"));
  }
  if (apps.size() > 1 && f.head) {
    return fail(Error(Errc::invalid_argument, "--head belongs to one app, and several have the environment")
                    .with_hint(fmt::format("choose one: slipway verify {} --head {} --app {}", *f.what, *f.head,
                                           apps.front().project.app)));
  }
  return apps;
}

Result<int> verify_environments(Context& context, const VerifyFlags& f) {
  SLIPWAY_ASSIGN(const auto apps, apps_of(context, f));
  const bool several = apps.size() > 1;
  Json::Array documents;
  std::vector<Error> wrong;
  for (const Loaded& loaded : apps) {
    SLIPWAY_ASSIGN(const AppProofs proofs, prove(context, loaded, f));
    SLIPWAY_ASSIGN(auto environments, print_proofs(context, proofs, several, wrong));
    documents.push_back(Json().set("app", proofs.app).set("environments", std::move(environments)));
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/verify");
    if (several) document.set("apps", std::move(documents));
    if (!several) {
      for (const auto& [key, value] : *documents.front().object())
        document.set(key, value);
    }
    SLIPWAY_TRY(context.print_document(document));
  }
  if (!wrong.empty()) return fail(combine(std::move(wrong)));
  return 0;
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

/// The evidence beside an image; nullopt without it where signatures are asked for, else Errc::not_found.
Result<std::optional<release::EvidenceProof>> evidence_of(Context& context, const oci::Location& location,
                                                          bool must_be_there) {
  release::ReleaseServices services;
  services.opener = &context.opener();
  services.fs = &context.fs();
  services.stop = context.stop();
  auto proof = release::verify_image(location, services, hosts_of_ledgers(context));
  if (!proof && proof.error().code == Errc::not_found && !must_be_there) return std::optional<release::EvidenceProof>();
  if (!proof) return fail(std::move(proof).error());
  return std::optional(*std::move(proof));
}

Json::Array releases_json(const release::EvidenceProof& proof) {
  Json::Array releases;
  for (const release::Recorded& recorded : proof.entries) {
    releases.push_back(Json()
                           .set("app", recorded.entry.app)
                           .set("environment", recorded.entry.environment)
                           .set("number", recorded.entry.number)
                           .set("build", recorded.entry.build.digest.str())
                           .set("entry", recorded.id.str()));
  }
  return releases;
}

void note_releases(Context& context, const release::EvidenceProof& proof) {
  for (const release::Recorded& recorded : proof.entries) {
    context.note(fmt::format("{} {} v{}, build {}", printable(recorded.entry.app, 80),
                             printable(recorded.entry.environment, 80), recorded.entry.number,
                             recorded.entry.build.digest.str()));
  }
}

/// An image and the signatures that were asked for.
struct Signed {
  oci::Descriptor image;
  std::vector<trust::Proof> proofs;
};

Result<std::optional<Signed>> signatures_of(Context& context, const std::string& text, const SignatureFlags& flags) {
  if (flags.keys.empty()) return std::optional<Signed>();
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, text));
  SLIPWAY_ASSIGN(oci::Descriptor image, found.target->resolve(found.reference));
  SLIPWAY_ASSIGN(auto proofs, prove_signatures(context, *found.target, image, flags));
  return std::optional(Signed{std::move(image), std::move(proofs)});
}

/// An image anywhere, with or without slipway.yaml: by the evidence beside it and by the keys that are named.
Result<int> verify_reference(Context& context, const VerifyFlags& f) {
  SLIPWAY_ASSIGN(const oci::Location location, context.location_for_reading(*f.what));
  SLIPWAY_ASSIGN(const auto found, signatures_of(context, *f.what, f.signatures));
  SLIPWAY_ASSIGN(const auto proof, evidence_of(context, location, !found));
  const std::vector<std::string> notes = proof ? proof->notes : std::vector<std::string>();
  for (const std::string& note : notes)
    context.warn(note);
  const Digest digest = found ? found->image.digest : proof->image.digest;
  const std::string shown = context.shown(location.with_digest(digest)).str();
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/verify").set("location", shown);
    document.set("releases", proof ? releases_json(*proof) : Json::Array());
    if (found) document.set("signatures", signatures_json(found->proofs));
    document.set("notes", Json::Array(notes.begin(), notes.end()));
    SLIPWAY_TRY(context.print_document(document));
    return 0;
  }
  SLIPWAY_TRY(context.print(shown));
  if (proof) note_releases(context, *proof);
  if (found) note_signatures(context, found->proofs);
  return 0;
}

/// The chain first, then who signed the image that it leads to.
Result<int> verify_environment_and_keys(Context& context, const VerifyFlags& f) {
  SLIPWAY_ASSIGN(const auto found, signatures_of(context, *f.what, f.signatures));
  SLIPWAY_ASSIGN(const int status, verify_environments(context, f));
  note_signatures(context, found->proofs);
  return status;
}

Status check_key_flags(const VerifyFlags& f) {
  const SignatureFlags& flags = f.signatures;
  if (flags.keys.empty() && (!flags.types.empty() || !flags.annotations.empty())) {
    return fail(Error(Errc::invalid_argument, "--type and --annotation say what --key must have signed")
                    .with_hint("add the signer's public key: --key FILE"));
  }
  if (flags.keys.empty() || !f.all) return {};
  return fail(Error(Errc::invalid_argument, "--key belongs to one environment or image: name it instead of --all")
                  .with_hint("run: slipway verify ENV --key FILE"));
}

Result<int> run_verify(Context& context, const VerifyFlags& f) {
  if (f.all == f.what.has_value()) {
    return fail(Error(Errc::invalid_argument, "verify takes one environment, one image, or --all")
                    .with_hint("verify every environment with: slipway verify --all"));
  }
  if (f.all && f.head)
    return fail(error(Errc::invalid_argument, "--head belongs to one environment: name it instead of --all")
                    .with_hint(fmt::format("run: slipway verify ENV --head {}", shell_word(*f.head))));
  SLIPWAY_TRY(check_key_flags(f));
  const bool environment = f.all || release::is_valid_name(*f.what);
  if (environment && !f.signatures.keys.empty()) return verify_environment_and_keys(context, f);
  if (environment) return verify_environments(context, f);
  if (f.head)
    return fail(error(Errc::invalid_argument, "--head belongs to an environment, not to an image")
                    .with_hint(fmt::format("run: slipway verify {}, or slipway verify ENV --head {}",
                                           shell_word(*f.what), shell_word(*f.head))));
  return verify_reference(context, f);
}

}  // namespace

Command verify_command() {
  return {
      .name = "verify",
      .aliases = {},
      .summary = "prove that a registry holds what the ledger records",
      .description =
          "Reads the ledger from its first entry, and checks that tag, image, layers and config of the environment are "
          "those that were released. For an image anywhere, checks the evidence beside it. With --key also who signed "
          "the "
          "image, in both of cosign's forms. Changes nothing.",
      .synopsis = "[--head DIGEST] ENV | --all | [--key PUB]... REF",
      .examples = {{"tag, ledger, build, layers and config", "slipway verify production"},
                   {"also that no entry was removed since", "slipway verify production --head sha256:..."},
                   {"an image that this key signed, with an SBOM",
                    "slipway verify --key slipway.pub --type spdxjson registry.example.com/team/app:v1"},
                   {"an image anywhere, by the evidence beside it", "slipway verify registry.example.com/team/app:v1"}},
      .statuses = {{12, "something differs from what was recorded"}},
      .see_also = {"status", "drift", "validate", "sign"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<VerifyFlags>();
        options.optional_positional("ENV|REF", flags->what, "an environment of slipway.yaml, or an image");
        options.flag("--all", flags->all, "verify every environment");
        options.value("--head", "DIGEST", flags->head,
                      "fail unless the ledger has the entry with this id, kept elsewhere (history -o json: entry)");
        bind_signatures(options, flags->signatures);
        return [flags](Context& context) { return run_verify(context, *flags); };
      }};
}

}  // namespace slipway::cli
