#include <algorithm>
#include <limits>

#include "cli/command.h"
#include "cli/project.h"
#include "cli/watched_target.h"
#include "slipway/image/validate.h"

namespace slipway::cli {
namespace {

/// Entries that some other runtime refuses or unpacks differently: all of them for documents, the first for people.
class Doubts {
 public:
  explicit Doubts(bool all) : most_(all ? std::numeric_limits<std::size_t>::max() : kMostShown) {}

  void add(Error doubt) {
    ++count_;
    if (first_.size() < most_) first_.push_back(std::move(doubt));
  }
  /// Returns the first of them, and an error that says how many more there are.
  std::vector<Error> shown() const {
    std::vector<Error> shown(first_.begin(),
                             first_.begin() + static_cast<std::ptrdiff_t>(std::min(first_.size(), kMostShown)));
    if (count_ > shown.size()) {
      shown.emplace_back(Errc::verification_failed,
                         fmt::format("{} more such {}: -o json lists all of them", count_ - shown.size(),
                                     count_ - shown.size() == 1 ? "entry" : "entries"));
    }
    return shown;
  }
  Json::Array texts() const {
    Json::Array texts;
    for (const Error& doubt : first_)
      texts.emplace_back(doubt.message);
    return texts;
  }

 private:
  static constexpr std::size_t kMostShown = 20;

  std::size_t most_;
  std::size_t count_ = 0;
  std::vector<Error> first_;
};

/// The things that were validated and found sound.
Result<int> print_valid(Context& context, const oci::Location& location, const Doubts& doubts) {
  const std::string shown = context.shown(location).str();
  if (!context.json()) {
    SLIPWAY_TRY(context.print(shown));
    return 0;
  }
  Json document;
  document.set("schema", "slipway/v1/validate").set("location", shown).set("valid", true);
  if (Json::Array texts = doubts.texts(); !texts.empty()) document.set("warnings", std::move(texts));
  SLIPWAY_TRY(context.print_document(document));
  return 0;
}

struct ValidateFlags {
  std::string reference;
  bool strict = false;
};

/// Fails with everything that is wrong; doubts are wrong with --strict, and warnings otherwise.
Status judge(Context& context, const ValidateFlags& f, const oci::Location& location, std::vector<Error> errors,
             const Doubts& doubts) {
  for (Error& doubt : doubts.shown()) {
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
  Doubts doubts(context.json());
  const auto note = [&doubts](Error doubt) { doubts.add(std::move(doubt)); };
  const layer::SpillPlace spill = layer::spill_to_temporary(context.fs());
  if (location.transport() == oci::Transport::layout && !location.tag() && !location.digest()) {
    SLIPWAY_ASSIGN(auto errors, image::validate_all(*target, context.stop(), note, spill));
    SLIPWAY_TRY(judge(context, f, location, std::move(errors), doubts));
    return print_valid(context, location, doubts);
  }
  SLIPWAY_ASSIGN(const auto reference, store::reference_of(location, *target));
  SLIPWAY_ASSIGN(const auto root, target->resolve(reference));
  SLIPWAY_ASSIGN(auto errors, image::validate(*target, root, context.stop(), note, spill));
  SLIPWAY_TRY(judge(context, f, location, std::move(errors), doubts));
  return print_valid(context, location.with_digest(root.digest), doubts);
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
