#include "slipway/run/drift.h"

#include <algorithm>
#include <array>

#include "slipway/base/json.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

constexpr JsonLimits kDump{.max_bytes = 512u << 20, .max_depth = 128};

std::string text_of(const Json& json, std::string_view key) {
  const Json* member = json.find(key);
  const std::string* text = member == nullptr ? nullptr : member->string();
  return text == nullptr ? std::string() : *text;
}

const Json::Array& array_of(const Json* json, std::string_view key) {
  static const Json::Array kNone;
  const Json* member = json == nullptr ? nullptr : json->find(key);
  const Json::Array* array = member == nullptr ? nullptr : member->array();
  return array == nullptr ? kNone : *array;
}

void add_pod(const Json& pod, std::vector<RunningContainer>& found) {
  const Json* metadata = pod.find("metadata");
  const std::string owner =
      metadata == nullptr ? "?" : text_of(*metadata, "namespace") + "/" + text_of(*metadata, "name");
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kLists{
      {{"initContainers", "initContainerStatuses"},
       {"containers", "containerStatuses"},
       {"ephemeralContainers", "ephemeralContainerStatuses"}}};
  for (const auto& [specs, statuses] : kLists) {
    for (const Json& spec : array_of(pod.find("spec"), specs)) {
      const std::string name = text_of(spec, "name");
      RunningContainer container{printable(owner + " " + name, 600), text_of(spec, "image"), {}};
      for (const Json& status : array_of(pod.find("status"), statuses)) {
        if (text_of(status, "name") == name) container.image_id = text_of(status, "imageID");
      }
      found.push_back(std::move(container));
    }
  }
}

/// "docker-pullable://NAME@sha256:...", "NAME@sha256:...", "docker://sha256:..." or the digest alone.
std::string digest_in(std::string_view id) {
  const std::size_t at = id.rfind("sha256:");
  const std::string_view digest = at == std::string_view::npos ? std::string_view() : id.substr(at);
  return Digest::parse(digest) ? std::string(digest) : std::string();
}

bool names_app(const std::string& image, const ExpectedImage& expected) {
  const auto location = oci::Location::parse_for_reading(image);
  return location && std::any_of(expected.app_places.begin(), expected.app_places.end(),
                                 [&](const oci::Location& place) { return place.same_place(*location); });
}

}  // namespace

Result<std::vector<RunningContainer>> parse_pods(std::string_view json, std::string_view what) {
  SLIPWAY_ASSIGN(const Json document, Json::parse(json, what, kDump));
  const std::string kind = text_of(document, "kind");
  if (kind != "Pod" && !kind.ends_with("List")) {
    return fail(
        Error(Errc::malformed, fmt::format("{} has no pods: its kind is \"{}\"", what, printable(kind, 80)))
            .with_hint(
                "make it with: kubectl get pods -A -o json > pods.json; then: slipway drift ENV --pods pods.json"));
  }
  std::vector<RunningContainer> found;
  if (kind == "Pod") add_pod(document, found);
  for (const Json& item : array_of(&document, "items"))
    add_pod(item, found);
  return found;
}

PodFindings compare_pods(const std::vector<RunningContainer>& containers, const ExpectedImage& expected) {
  PodFindings findings;
  for (const RunningContainer& container : containers) {
    const bool started = !container.image_id.empty();
    const std::string digest = digest_in(started ? container.image_id : container.image);
    const bool right = expected.digests.contains(digest);
    const auto earlier = expected.earlier.find(digest);
    if (!right && earlier == expected.earlier.end() && !names_app(container.image, expected)) continue;
    ++findings.containers;
    if (right) continue;
    const std::string is =
        !started && digest.empty()
            ? fmt::format("is set to run {}, which has no digest", printable(container.image, 300))
            : fmt::format("{} {}", started ? "runs" : "is set to run",
                          earlier != expected.earlier.end() ? earlier->second : printable(container.image_id, 300));
    findings.differences.push_back(fmt::format("{} {}, not {}", container.where, is, expected.release));
  }
  return findings;
}

}  // namespace slipway::run
