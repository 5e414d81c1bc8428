#include "cli/pin_policies.h"

#include <cstdint>
#include <map>
#include <memory>

#include "cli/found_image.h"
#include "slipway/base/clock.h"
#include "slipway/base/text.h"
#include "slipway/config/decoder.h"
#include "slipway/oci/descriptor.h"
#include "slipway/run/reference_resolver.h"
#include "slipway/store/powers.h"

namespace slipway::cli {

namespace {

using Tags = std::vector<std::string>;

/// The tags of repositories, each listed once.
class TagLists {
 public:
  explicit TagLists(Context& context) : context_(context) {}

  Result<const Tags*> of(const oci::Location& written) {
    const auto known = lists_.find(written.place());
    if (known != lists_.end()) return &known->second;
    SLIPWAY_ASSIGN(const oci::Location place, oci::Location::parse_for_reading(written.place()));
    SLIPWAY_ASSIGN(const auto target, context_.opener().open_for_reading(place, Side::source));
    auto* lister = store::as<store::TagLister>(*target);
    if (lister == nullptr) return fail(no_tag_list(*target));
    auto tags = lister->list_tags();
    if (!tags) return fail(std::move(tags).error().in("listing the tags of " + written.place()));
    return &lists_.emplace(written.place(), *std::move(tags)).first->second;
  }

 private:
  Context& context_;
  std::map<std::string, Tags> lists_;
};

/// Returns the full name of a policy's name, or "*".
Result<std::string> place_of(const std::string& name) {
  if (name == "*") return name;
  return run::place_of_name(name);
}

/// The times at which images were made, each asked for once. A time before 1981 stands for none: builds that give the
/// same bytes again write such ones.
class CreationTimes {
 public:
  explicit CreationTimes(Context& context) : context_(context) {}

  Result<std::optional<std::int64_t>> of(const std::string& reference) {
    const auto known = times_.find(reference);
    if (known != times_.end()) return known->second;
    SLIPWAY_ASSIGN(const FoundImage found, find_image(context_, reference));
    SLIPWAY_ASSIGN(const image::Image image, load_found(found, std::nullopt));
    const auto label = image.config.labels.find(std::string(oci::kCreated));
    auto time = label == image.config.labels.end() ? std::nullopt : usable(label->second);
    if (!time) time = usable(image.config.created);
    return times_.emplace(reference, time).first->second;
  }

 private:
  static std::optional<std::int64_t> usable(const std::string& text) {
    constexpr std::int64_t kEarliest = 347'155'200;  // 1981-01-01T00:00:00Z
    const auto time = parse_time(text);
    return time && *time >= kEarliest ? std::optional(*time) : std::nullopt;
  }

  Context& context_;
  std::map<std::string, std::optional<std::int64_t>> times_;
};

/// More images than this are not asked for their times.
constexpr std::size_t kMaxNewest = 300;

/// Returns the tag of the image that was created last; `current` if its own time is not known.
Result<std::string> newest_image(CreationTimes& times, const run::UpdatePolicy& policy, const std::string& place,
                                 const std::string& current, const Tags& tags) {
  const Tags matching = run::matching_tags(policy, tags);
  if (matching.size() > kMaxNewest) {
    return fail(error(Errc::too_large, "{} tags of {} match \"{}\", more than {}", matching.size(), place, policy.str(),
                      kMaxNewest)
                    .with_hint("give newest a pattern that fewer tags match"));
  }
  SLIPWAY_ASSIGN(std::optional<std::int64_t> latest, times.of(place + ":" + current));
  std::string newest = current;
  if (!latest) return newest;
  for (const std::string& tag : matching) {
    SLIPWAY_ASSIGN(const std::optional<std::int64_t> time, times.of(place + ":" + tag));
    if (!time || *time <= *latest) continue;
    latest = time;
    newest = tag;
  }
  return newest;
}

/// A policy as text, "semver ~1.27", or as a mapping with one member, {semver: ~1.27}.
std::string policy_text(const config::Node& value) {
  if (!value.is_mapping() || value.members.size() != 1) return value.scalar;
  const config::Node::Member& member = value.members[0];
  return member.key + (member.value.scalar.empty() ? "" : " " + member.value.scalar);
}

void decode_policies(const config::Node* update, PinSettings& settings, Diagnostics& diagnostics) {
  if (update == nullptr) return;
  if (!update->is_mapping()) return diagnostics.error(update->where, "pin.update: not a mapping of names to policies");
  for (const auto& [name, key_where, key_range, value] : update->members) {
    auto policy = run::parse_update_policy(policy_text(value));
    const auto place = place_of(name);
    if (!place) {
      diagnostics.error(value.where, "pin.update: " + place.error().message, place.error().hint);
    } else if (!policy) {
      diagnostics.error(value.where, fmt::format("pin.update.{}: {}", printable(name, 200), policy.error().message),
                        policy.error().hint);
    } else {
      settings.policies.push_back({*place, *std::move(policy)});
    }
  }
}

void decode_formats(const config::Node* formats, PinSettings& settings, Diagnostics& diagnostics) {
  if (formats == nullptr) return;
  config::Decoder decoder(*formats, "pin.formats", diagnostics);
  for (const config::Node::Member& format : formats->members) {
    for (const std::string& glob : decoder.string_list(format.key)) {
      auto rule = run::parse_format_rule(format.key + "=" + glob);
      if (rule) {
        settings.formats.push_back(*std::move(rule));
      } else {
        diagnostics.error(format.key_where, "pin.formats: " + rule.error().message, rule.error().hint);
      }
    }
  }
}

}  // namespace

void decode_pin(const config::Node& document, PinSettings& settings, Diagnostics& diagnostics) {
  const config::Node* pin = document.find("pin");
  if (pin == nullptr) return;
  config::Decoder decoder(*pin, "pin", diagnostics);
  decode_policies(decoder.get("update"), settings, diagnostics);
  decode_formats(decoder.get("formats"), settings, diagnostics);
  for (std::string& pattern : decoder.string_list("exclude"))
    settings.exclude.push_back(std::move(pattern));
  settings.helm = decoder.one_of("helm", {"auto", "digest", "tag"}).value_or(settings.helm);
  decoder.finish();
}

Result<decltype(run::PinOptions::choose_tag)> tag_chooser(Context& context, const std::vector<std::string>& update,
                                                          std::vector<NamedPolicy> policies) {
  SLIPWAY_ASSIGN(auto is_updated, run::matcher_of(update));
  std::map<std::string, run::UpdatePolicy> by_place;
  for (NamedPolicy& named : policies)
    by_place.emplace(std::move(named.name), std::move(named.policy));
  auto lists = std::make_shared<TagLists>(context);
  auto times = std::make_shared<CreationTimes>(context);
  return [is_updated = std::move(is_updated), by_place = std::move(by_place), lists, times](
             const oci::Location& written,
             const std::optional<run::UpdatePolicy>& beside) -> Result<std::optional<run::ChosenTag>> {
    if (!is_updated(written)) return std::nullopt;
    auto named = by_place.find(written.place());
    if (named == by_place.end()) named = by_place.find("*");
    if (!beside && named == by_place.end()) return std::nullopt;
    const run::UpdatePolicy& policy = beside ? *beside : named->second;
    if (policy.by == run::UpdatePolicy::By::same) return std::nullopt;
    SLIPWAY_ASSIGN(const Tags* tags, lists->of(written));
    if (policy.by != run::UpdatePolicy::By::newest)
      return std::optional(run::ChosenTag{run::newest_tag(policy, *written.tag(), *tags), policy.str()});
    SLIPWAY_ASSIGN(std::string newest, newest_image(*times, policy, written.place(), *written.tag(), *tags));
    return std::optional(run::ChosenTag{std::move(newest), policy.str()});
  };
}

}  // namespace slipway::cli
