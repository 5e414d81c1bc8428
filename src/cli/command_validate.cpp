#include "cli/command.h"
#include "cli/project.h"
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

Result<int> run_validate(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const oci::Location location, readable(context, text));
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  if (location.transport() == oci::Transport::layout && !location.tag() && !location.digest()) {
    SLIPWAY_ASSIGN(auto errors, image::validate_all(*target, context.stop()));
    if (!errors.empty()) return fail(combine(std::move(errors)).in("validating " + context.shown(location).str()));
    return print_valid(context, location);
  }
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  SLIPWAY_ASSIGN(auto errors, image::validate(*target, root, context.stop()));
  if (!errors.empty()) return fail(combine(std::move(errors)).in("validating " + context.shown(location).str()));
  return print_valid(context, location.with_digest(root.digest));
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .aliases = {},
          .summary = "check every byte of an image or layout against its digest",
          .description =
              "Reads every manifest, config and layer and compares sizes, digests and diff IDs. Prints the location "
              "when all are right and names each blob that is not. Changes nothing.",
          .synopsis = "REF|LAYOUT",
          .examples = {{"everything in a layout", "slipway validate oci:out"},
                       {"one image in a registry", "slipway validate registry.example.com/team/app:v1"}},
          .statuses = {{12, "something is damaged or missing"}},
          .see_also = {"verify", "inspect"},
          .bind = [](OptionSet& options) -> Action {
            auto reference = std::make_shared<std::string>();
            options.positional("REF", *reference, "an image, or a whole layout");
            return [reference](Context& context) { return run_validate(context, *reference); };
          }};
}

}  // namespace slipway::cli
