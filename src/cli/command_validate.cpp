#include "cli/command.h"
#include "cli/project.h"
#include "slipway/image/image.h"
#include "slipway/io/filters.h"
#include "slipway/oci/media_type.h"
#include "slipway/store/layout.h"

namespace slipway::cli {
namespace {

/// What was validated and found sound.
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

/// Hashes everything the image reaches, by reading it as a copy would.
Status hash_graph(store::ReadTarget& target, const oci::Descriptor& root, std::stop_token stop) {
  if (oci::is_graph_node(root.media_type)) {
    SLIPWAY_ASSIGN(const oci::Document document, copy::fetch_document(target, root));
    for (const oci::Descriptor& child : oci::children(document))
      SLIPWAY_TRY(hash_graph(target, child, stop));
    return {};
  }
  auto source = target.fetch(root);
  if (!source && source.error().code == Errc::not_found && !root.urls.empty()) return {};
  if (!source && source.error().code == Errc::not_found) {
    return fail(Errc::verification_failed, "{}: {}", target.name(), source.error().message);
  }
  SLIPWAY_TRY(source);
  io::NullSink nowhere;
  SLIPWAY_TRY(io::copy(**source, nowhere, stop));
  return {};
}

Result<int> run_validate(Context& context, const std::string& text) {
  SLIPWAY_ASSIGN(const oci::Location location, readable(context, text));
  SLIPWAY_ASSIGN(const auto target, context.opener().open_for_reading(location, Side::source));
  auto* layout = dynamic_cast<store::LayoutTarget*>(target.get());
  if (layout != nullptr && !location.tag() && !location.digest()) {
    SLIPWAY_ASSIGN(const auto problems, layout->validate());
    std::vector<Error> errors;
    for (const store::LayoutProblem& problem : problems) {
      errors.emplace_back(Errc::verification_failed, fmt::format("{}: {}", problem.object, problem.message));
    }
    if (!errors.empty()) return fail(combine(std::move(errors)).in("validating " + context.shown(location).str()));
    return print_valid(context, location);
  }
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  SLIPWAY_TRY(hash_graph(*target, root, context.stop()));
  const auto offers = image::list_platforms(*target, root);
  for (const image::Offer& offer : offers.value_or(std::vector<image::Offer>{})) {
    SLIPWAY_TRY(image::load_manifest(*target, offer.manifest));
  }
  return print_valid(context, location.with_digest(root.digest));
}

}  // namespace

Command validate_command() {
  return {.name = "validate",
          .aliases = {},
          .group = "Images",
          .summary = "hash every byte of an image or a whole layout",
          .synopsis = "REF|LAYOUT",
          .examples = {{"everything in a layout", "slipway validate oci:out"},
                       {"one image in a registry", "slipway validate registry.example.com/team/app:v1"}},
          .bind = [](OptionSet& options) -> Action {
            auto reference = std::make_shared<std::string>();
            options.positional("REF", *reference, "an image, or a whole layout");
            return [reference](Context& context) { return run_validate(context, *reference); };
          }};
}

}  // namespace slipway::cli
