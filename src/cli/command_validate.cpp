#include "cli/command.h"
#include "cli/project.h"
#include "cli/watched_target.h"
#include "slipway/image/validate.h"

namespace slipway::cli {
namespace {

/// The things that were validated and found sound.
Result<int> print_valid(Context& context, const oci::Location& location) {
  const std::string shown = context.shown(location).str();
  if (!context.json()) {
    SLIPWAY_TRY(context.print(shown));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/validate").set("location", shown).set("valid", true);
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

struct ValidateFlags {
  std::string reference;
  bool strict = false;
};

/// Fails with everything that is wrong; doubts are wrong with --strict, and warnings otherwise.
Status judge(Context& context, const ValidateFlags& f, const oci::Location& location, std::vector<Error> errors,
             std::vector<Error> doubts) {
  for (Error& doubt : doubts) {
    if (f.strict) {
      errors.push_back(std::move(doubt));
    } else {
      context.warn(doubt.message);
    }
  }
  if (errors.empty()) return {};
  return fail(combine(std::move(errors)).in("validating " + context.shown(location).str()));
}

Result<int> run_validate(Context& context, const ValidateFlags& f) {
  const std::string& text = f.reference;
  SLIPWAY_ASSIGN(const oci::Location location, readable(context, text));
  SLIPWAY_ASSIGN(auto opened, context.opener().open_for_reading(location, Side::source));
  const auto target = watched(context, std::move(opened));
  std::vector<Error> doubts;
  if (location.transport() == oci::Transport::layout && !location.tag() && !location.digest()) {
    SLIPWAY_ASSIGN(auto errors, image::validate_all(*target, context.stop(), &doubts));
    SLIPWAY_TRY(judge(context, f, location, std::move(errors), std::move(doubts)));
    return print_valid(context, location);
  }
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  SLIPWAY_ASSIGN(auto errors, image::validate(*target, root, context.stop(), &doubts));
  SLIPWAY_TRY(judge(context, f, location, std::move(errors), std::move(doubts)));
  return print_valid(context, location.with_digest(root.digest));
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .aliases = {},
          .summary = "check every byte of an image or layout against its digest",
          .description =
              "Reads every manifest, config and layer and compares sizes, digests and diff IDs. Prints the location "
              "when everything is right, and names each blob that is not. Warns of layers that some other runtime "
              "refuses or "
              "unpacks differently. Changes nothing.",
          .synopsis = "[--strict] REF|LAYOUT",
          .examples = {{"everything in a layout", "slipway validate oci:out"},
                       {"one image in a registry", "slipway validate registry.example.com/team/app:v1"}},
          .statuses = {{12, "something is damaged or missing"}},
          .see_also = {"verify", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<ValidateFlags>();
            options.flag("--strict", flags->strict, "fail on what some other runtime refuses, too (default: warn)");
            options.positional("REF", flags->reference, "an image, or a whole layout");
            return [flags](Context& context) { return run_validate(context, *flags); };
          }};
}

}  // namespace slipway::cli
