#include <algorithm>

#include "cli/config_flags.h"
#include "cli/found_image.h"
#include "cli/image_results.h"
#include "cli/next_step.h"
#include "cli/signing_keys.h"
#include "cli/streams.h"
#include "cli/verbs.h"
#include "slipway/base/text.h"
#include "slipway/copy/copy.h"
#include "slipway/oci/media_type.h"
#include "slipway/trust/signatures.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostPredicate = 32u << 20;  // bytes

struct SignFlags {
  std::string reference;
  std::optional<std::string> key, public_key;
  std::vector<std::string> annotations;
  std::string format = "bundle,legacy";
  bool recursive = false;
  std::optional<std::string> type, predicate;
};

/// The forms that --format names.
struct Forms {
  bool bundle = false;
  bool legacy = false;
};

Forms forms_of(const std::string& format) { return {format != "legacy", format != "bundle"}; }

Result<std::unique_ptr<trust::Signer>> signer_of(Context& context, const SignFlags& f, std::string_view command) {
  if (f.key) return open_signer(context, *f.key, f.public_key);
  return fail(error(Errc::invalid_argument, "{} needs a key", command)
                  .with_hint("make one with: slipway key generate; then add --key slipway.key"));
}

/// A place to write to and the images in it that get a signature.
struct Work {
  oci::Location place;
  std::shared_ptr<store::Target> target;
  std::vector<oci::Descriptor> images;
};

Result<Work> work_of(Context& context, const SignFlags& f) {
  SLIPWAY_ASSIGN(const FoundImage found, find_image(context, f.reference));
  const oci::Location place = found.location.without_reference();
  SLIPWAY_ASSIGN(auto target, context.opener().open_for_writing(place, Side::destination));
  SLIPWAY_ASSIGN(const oci::Descriptor root, target->resolve(found.reference));
  Work work{place, std::move(target), {root}};
  if (!f.recursive || !oci::is_index(root.media_type)) return work;
  SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(*work.target, root));
  for (const oci::Descriptor& child : oci::children(document)) {
    if (oci::is_graph_node(child.media_type)) work.images.push_back(child);
  }
  return work;
}

/// podman's policies compare the name in a legacy signature; a layout has none.
Result<std::string> reference_for(const Work& work, const Forms& forms) {
  if (work.place.is_registry()) return work.place.place();
  if (forms.bundle) return std::string();
  return fail(error(Errc::invalid_argument, "{} has no name for a signature of the older form", work.target->name())
                  .with_hint("sign it as a bundle: --format bundle; or sign it in the registry"));
}

Status print_written(Context& context, const Work& work, const trust::PublicKey& key,
                     const std::vector<trust::Written>& written) {
  Json::Array rows;
  std::string lines;
  int documents = 0;
  for (std::size_t i = 0; i < work.images.size(); ++i) {
    const std::string shown = context.shown(work.place.with_digest(work.images[i].digest)).str();
    lines += shown + "\n";
    documents += written[i].bundles + written[i].legacy;
    rows.push_back(Json().set("location", shown).set("bundles", written[i].bundles).set("legacy", written[i].legacy));
  }
  if (documents == 0 && !context.globals().dry_run) context.note("nothing written: the same is there, by this key");
  Json document;
  document.set("schema", "slipway/v1/signatures").set("key", key.fingerprint().str()).set("images", std::move(rows));
  return print_result(context, document, lines);
}

Result<int> run_sign(Context& context, const SignFlags& f) {
  const Forms forms = forms_of(f.format);
  SLIPWAY_ASSIGN(const oci::Annotations annotations, parse_annotations(f.annotations));
  SLIPWAY_ASSIGN(const auto signer, signer_of(context, f, "sign"));
  SLIPWAY_ASSIGN(const Work work, work_of(context, f));
  SLIPWAY_ASSIGN(const std::string reference, reference_for(work, forms));
  std::vector<trust::Written> written;
  for (const oci::Descriptor& image : work.images) {
    const trust::Signing signing{image, reference, annotations, forms.bundle, forms.legacy, context.stop()};
    if (context.globals().dry_run) {
      written.emplace_back();
      continue;
    }
    SLIPWAY_ASSIGN(written.emplace_back(), trust::sign(*work.target, signing, *signer));
  }
  SLIPWAY_TRY(print_written(context, work, signer->public_key(), written));
  return 0;
}

Result<Json> predicate_of(Context& context, const SignFlags& f) {
  SLIPWAY_ASSIGN(const std::string text, read_input(context, *f.predicate, kMostPredicate));
  const std::string what = printable(*f.predicate, 300);
  auto json = Json::parse(text, what, {.max_bytes = kMostPredicate, .max_depth = 64});
  if (json && json->object() != nullptr) return *std::move(json);
  return fail(error(Errc::invalid_argument, "{} cannot be a predicate: {}", what,
                    json ? std::string("it is not a JSON object") : json.error().message)
                  .with_hint("give a JSON object, e.g. an SBOM or a provenance predicate"));
}

Result<int> run_attest(Context& context, const SignFlags& f) {
  if (!f.type || !f.predicate) {
    return fail(Error(Errc::invalid_argument, "attest needs a type and a predicate")
                    .with_hint(fmt::format("run: slipway attest {} --key KEY --type spdxjson --predicate FILE",
                                           shell_word(f.reference))));
  }
  const std::string type = trust::predicate_type_named(*f.type);
  if (type.find("://") == std::string::npos) {
    return fail(error(Errc::invalid_argument, "\"{}\" is not the type of a predicate", printable(type, 200))
                    .with_hint("use slsaprovenance1, spdxjson, cyclonedx, vuln, openvex, custom, or a URI"));
  }
  const Forms forms = forms_of(f.format);
  SLIPWAY_ASSIGN(const Json predicate, predicate_of(context, f));
  SLIPWAY_ASSIGN(const auto signer, signer_of(context, f, "attest"));
  SLIPWAY_ASSIGN(const Work work, work_of(context, f));
  const std::string name = work.place.is_registry() ? work.place.place() : std::string();
  std::vector<trust::Written> written;
  for (const oci::Descriptor& image : work.images) {
    const trust::Attesting attesting{image, type, predicate, name, forms.bundle, forms.legacy, context.stop()};
    if (context.globals().dry_run) {
      written.emplace_back();
      continue;
    }
    SLIPWAY_ASSIGN(written.emplace_back(), trust::attest(*work.target, attesting, *signer));
  }
  SLIPWAY_TRY(print_written(context, work, signer->public_key(), written));
  return 0;
}

void bind_both(OptionSet& options, SignFlags& f) {
  options.positional("REF", f.reference, kImageHelp);
  options.value("--key", "KEY", f.key, kKeyHelp);
  options.value("--public-key", "PUB", f.public_key, "the public half of exec:PROGRAM");
  options.choice("--format", f.format, {"bundle,legacy", "bundle", "legacy"}, "the forms to write (default: both)");
  options.flag("--recursive", f.recursive, "also every platform manifest of an index");
  options.also("-r");
}

}  // namespace

Command sign_command() {
  return {
      .name = "sign",
      .aliases = {},
      .summary = "sign an image with a key",
      .description =
          "Attaches a signature that cosign, podman's policies, Kyverno and policy-controller verify with the public "
          "key: as a bundle, and behind the tag that older readers look for. Writes nothing that this key has signed "
          "already, and contacts no service but the registry.",
      .synopsis = "REF --key KEY",
      .examples = {{"with a key of slipway or cosign",
                    "slipway sign registry.example.com/team/app:v1 --key slipway.key"},
                   {"with a program that holds the key",
                    "slipway sign registry.example.com/team/app:v1 --key exec:./hsm-sign --public-key hsm.pub"},
                   {"each platform too, with an annotation",
                    "slipway sign --recursive -a env=prod --key slipway.key registry.example.com/team/app:v1"}},
      .statuses = {{11, "a bundle would hide signatures of another key"}},
      .see_also = {"key", "attest", "verify"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<SignFlags>();
        bind_both(options, *flags);
        options.list("-a,--annotation", "K=V", flags->annotations, "annotation of the signature (repeatable)");
        return [flags](Context& context) { return run_sign(context, *flags); };
      }};
}

Command attest_command() {
  return {
      .name = "attest",
      .aliases = {},
      .summary = "attach a signed statement about an image",
      .description =
          "Signs a predicate (an SBOM, a provenance, a scan, or one of your own) as an in-toto statement about the "
          "image and attaches it in the forms that cosign verify-attestation reads.",
      .synopsis = "REF --key KEY --type TYPE --predicate FILE",
      .examples = {{"an SBOM",
                    "slipway sbom registry.example.com/team/app:v1 | slipway attest registry.example.com/team/app:v1 "
                    "--key slipway.key --type spdxjson --predicate -"},
                   {"a statement of your own",
                    "slipway attest registry.example.com/team/app:v1 --key slipway.key --type "
                    "https://example.com/scan/v1 --predicate scan.json"}},
      .statuses = {{11, "a bundle would hide signatures of another key"}},
      .see_also = {"sign", "verify", "sbom"},
      .bind = [](OptionSet& options) -> Action {
        auto flags = std::make_shared<SignFlags>();
        bind_both(options, *flags);
        options.value("--type", "TYPE", flags->type, "slsaprovenance1, spdxjson, cyclonedx, vuln, openvex, or a URI");
        options.value("--predicate", "FILE", flags->predicate, "a JSON object; - is standard input");
        return [flags](Context& context) { return run_attest(context, *flags); };
      }};
}

}  // namespace slipway::cli
