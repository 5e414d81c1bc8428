#include <algorithm>

#include "run/yaml_formats.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

/// An image, alone or as the default of a variable: ${NAME:-image} or ${NAME-image}.
void collect_image(const Node& value, const std::string& role, ImageCollector& images) {
  const std::string& text = value.scalar;
  const bool is_variable = value.is_scalar() && text.starts_with("${") && text.ends_with('}');
  const std::size_t dash = is_variable ? text.find('-') : std::string::npos;
  if (dash == std::string::npos || text.find('$', 1) != std::string::npos) return images.image(value, role);
  images.image(value, role, std::string_view(text).substr(0, dash + 1), "}");
}

void collect_service_image(const Node& service, const std::string& role, ImageCollector& images) {
  const Node* image = service.find("image");
  if (image != nullptr && service.find("build") != nullptr) {
    images.note(*image, role + ".image", "names what is built here, left alone", 0);
  } else if (image != nullptr && image->is_scalar() && image->scalar.starts_with("${")) {
    collect_image(*image, role + ".image", images);
  } else if (image != nullptr || service.is_alias() || service.find("<<") != nullptr) {
    images.holder(service, "image", role);
  }
}

constexpr std::string_view kScheme = "docker-image://";

/// build.additional_contexts, as a mapping or as a list of NAME=VALUE.
void collect_contexts(const Node& contexts, const std::string& role, ImageCollector& images) {
  for (const Node::Member& member : contexts.members) {
    if (member.value.is_scalar() && member.value.scalar.starts_with(kScheme))
      images.image(member.value, fmt::format("{}.{}", role, printable(member.key, 100)), kScheme);
  }
  for (std::size_t i = 0; i < contexts.items.size(); ++i) {
    const std::size_t at = contexts.items[i].is_scalar() ? contexts.items[i].scalar.find(kScheme) : std::string::npos;
    if (at != std::string::npos && at > 0)
      images.image(contexts.items[i], fmt::format("{}[{}]", role, i),
                   std::string_view(contexts.items[i].scalar).substr(0, at + kScheme.size()));
  }
}

/// BASE=nginx:1.27 of a build may be what a FROM names.
void note_arguments(const Node& arguments, const std::string& role, ImageCollector& images) {
  const auto is_image = [](std::string_view name) {
    const std::string lower = to_lower(name);
    return lower.find("image") != std::string::npos || lower.find("base") != std::string::npos;
  };
  const auto note = [&](const Node& value, std::string_view name, std::string text) {
    Node alone = value;
    alone.scalar = std::move(text);
    if (is_image(name) && looks_like_reference(alone) && alone.scalar.find('@') == std::string::npos)
      images.note(value, fmt::format("{}.{}", role, printable(name, 80)),
                  "an argument that may name an image, left alone");
  };
  for (const Node::Member& member : arguments.members)
    note(member.value, member.key, images.text_of(member.value));
  for (const Node& item : arguments.items) {
    const std::size_t equals = item.scalar.find('=');
    if (equals != std::string::npos) note(item, item.scalar.substr(0, equals), item.scalar.substr(equals + 1));
  }
}

void collect_build(const Node& build, const PinOptions& options, const std::string& role, ImageCollector& images) {
  if (const Node* contexts = build.find("additional_contexts"))
    collect_contexts(*contexts, role + ".additional_contexts", images);
  if (const Node* arguments = build.find("args")) note_arguments(*arguments, role + ".args", images);
  if (const Node* text = build.find("dockerfile_inline"))
    images.inner(*text, {dockerfile_finder(), "Dockerfile", "a Dockerfile"}, role + ".dockerfile_inline", options);
}

void collect_volumes(const Node& volumes, const std::string& role, ImageCollector& images) {
  for (std::size_t i = 0; i < volumes.items.size(); ++i) {
    const Node* source = volumes.items[i].find("source");
    if (source != nullptr && text_at(volumes.items[i], "type") == "image")
      collect_image(*source, fmt::format("{}.volumes[{}].source", role, i), images);
  }
}

void collect_service(const Node& service, const PinOptions& options, const std::string& role, ImageCollector& images) {
  collect_service_image(service, role, images);
  if (const Node* build = service.find("build")) collect_build(*build, options, role + ".build", images);
  if (const Node* volumes = service.find("volumes")) collect_volumes(*volumes, role, images);
}

}  // namespace

bool is_compose(const YamlDocument& document) {
  const Node* services = document.root.find("services");
  if (services == nullptr || !services->is_mapping()) return false;
  if (is_yaml_named(document.file, "compose") || is_yaml_named(document.file, "docker-compose")) return true;
  return std::any_of(services->members.begin(), services->members.end(), [](const Node::Member& service) {
    return service.value.find("image") != nullptr || service.value.find("build") != nullptr;
  });
}

void collect_compose(const YamlDocument& document, ImageCollector& images) {
  // Templates of services, which take their place by merge keys.
  for (const Node::Member& member : document.root.members) {
    if (member.key.starts_with("x-") && member.value.find("image") != nullptr)
      collect_service(member.value, document.options, printable(member.key, 100), images);
  }
  const Node* services = document.root.find("services");
  if (services == nullptr) return;
  for (const Node::Member& service : services->members)
    collect_service(service.value, document.options, fmt::format("services.{}", printable(service.key, 100)), images);
}

}  // namespace slipway::run
