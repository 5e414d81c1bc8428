#include "run/helm_values.h"

#include <algorithm>
#include <array>

#include "run/chart_templates.h"
#include "run/reference_parts.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

using config::Node;

// The names that charts give to the parts of an image, most common first.
constexpr std::array<std::string_view, 3> kRegistryKeys{"registry", "imageRegistry", "hub"};
constexpr std::array<std::string_view, 7> kOuterRegistryKeys{
    "defaultRegistry",      "registry",          "imageRegistry", "hub",
    "defaultImageRegistry", "containerRegistry", "dockerRegistry"};
constexpr std::array<std::string_view, 2> kTagKeys{"tag", "imageTag"};
constexpr std::array<std::string_view, 5> kDigestKeys{"digest", "sha", "sha256", "imageDigest", "imageSha"};

/// A digest of a second image that has the same tag, as in ingress-nginx.
struct SecondDigest {
  std::string_view key, suffix;  ///< of the second image's name
};
constexpr std::array kSecondDigests{SecondDigest{"digestChroot", "-chroot"}};
constexpr std::array<std::string_view, 4> kTagMaps{"images", "imagetags", "image_tags", "imageversions"};
constexpr std::array<std::string_view, 4> kPictures{".png", ".svg", ".jpg", ".ico"};

template <class Keys>
std::string_view first_key(const Node& mapping, const Keys& keys) {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](auto key) { return mapping.find(key) != nullptr; });
  return found == keys.end() ? std::string_view() : *found;
}

bool is_scalar_at(const Node& mapping, std::string_view key) {
  const Node* value = mapping.find(key);
  return value != nullptr && (value->is_scalar() || value->is_alias());
}

/// Returns the key that holds an image's name if the mapping has the image in parts; empty otherwise.
std::string_view name_key_of(const Node& node, std::string_view member) {
  const bool is_image = to_lower(member).ends_with("image");
  const bool has_parts = !first_key(node, kTagKeys).empty() || !first_key(node, kDigestKeys).empty();
  if (is_scalar_at(node, "repository") && (has_parts || is_image)) return "repository";
  if (is_scalar_at(node, "image") && has_parts) return "image";
  if (is_scalar_at(node, "imageRepository") && has_parts) return "imageRepository";
  if (is_scalar_at(node, "imageName") && has_parts) return "imageName";
  for (const std::string_view key : {"name", "repo"}) {
    if (is_scalar_at(node, key) && has_parts && is_image) return key;
  }
  return {};
}

bool has_image_in_parts(const Node& node) {
  if (is_scalar_at(node, "repository") && (node.find("tag") != nullptr || node.find("digest") != nullptr)) return true;
  return std::any_of(node.members.begin(), node.members.end(),
                     [](const Node::Member& member) { return has_image_in_parts(member.value); });
}

bool has_tag_or_digest(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return name.find_first_of(":@", slash == std::string_view::npos ? 0 : slash) != std::string_view::npos;
}

/// Returns true if a name begins with a registry: ghcr.io/team/app.
bool has_registry_host(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view first = name.substr(0, slash);
  return first == "localhost" || first.find_first_of(".:") != std::string_view::npos;
}

/// Returns true for a reference whose tag has a digit or is "latest", unlike a label's "kubernetes.io/os:linux".
bool has_version_tag(std::string_view reference) {
  if (reference.find('@') != std::string_view::npos) return false;
  const std::string_view tag = reference.substr(reference.rfind(':') + 1);
  return tag == "latest" || tag.find_first_of("0123456789") != std::string_view::npos;
}

/// A registry that values give to several images.
struct OuterRegistry {
  std::string path;  ///< of the mapping that has the key
  std::string key;
  std::string value;
  bool is_sure = true;  ///< false if only templates show that it is one
};

/// Returns true for a value like 1.27, v3 or latest, which may be a tag. A lone number may be anything under "images".
bool is_tag_like(const Node& value, bool may_be_number) {
  const std::string& text = value.scalar;
  if (!value.is_scalar() || text.empty() || text.find_first_of("/:@ {") != std::string::npos) return false;
  const std::size_t first = text[0] == 'v' ? 1 : 0;
  const bool is_number = text.find_first_not_of("0123456789") == std::string::npos;
  if (text == "latest" || (is_number && !may_be_number)) return text == "latest";
  return text.size() > first && text[first] >= '0' && text[first] <= '9';
}

bool is_digest_text(std::string_view text) { return text.starts_with("sha256:"); }

/// Returns true for a key like imageK8S that begins with "image" and may hold a whole reference.
bool begins_with_image(std::string_view key) {
  constexpr std::array<std::string_view, 4> kParts{"registry", "pull", "tag", "digest"};
  return key.starts_with("image") && std::none_of(kParts.begin(), kParts.end(),
                                                  [&](auto part) { return key.find(part) != std::string_view::npos; });
}

bool is_picture(std::string_view name) {
  return std::any_of(kPictures.begin(), kPictures.end(), [&](auto end) { return name.ends_with(end); });
}

/// Walks one file of values.
class ValuesCollector {
 public:
  /// `can_add_keys` is false for values that have no place for a key beside others.
  ValuesCollector(const std::string& file, std::string role, const PinOptions& options, bool can_add_keys,
                  ImageCollector& images)
      : file_(file), role_(std::move(role)), options_(options), can_add_keys_(can_add_keys), images_(images) {}

  void collect(const Node& node, const std::string& path, std::string_view member) {
    const std::size_t outer_before = outer_.size();
    if (path.empty()) add_global_registries(node);
    add_outer_registry(node, path);
    collect_members(node, path, member);
    outer_.erase(outer_.begin() + static_cast<std::ptrdiff_t>(outer_before), outer_.end());
  }

 private:
  void collect_members(const Node& node, const std::string& path, std::string_view member) {
    const std::string_view name_key = name_key_of(node, member);
    if (name_key.empty()) {
      note_lone_tag(node, path, member);
    } else {
      in_parts(node, path, name_key);
    }
    for (const Node::Member& inner : node.members) {
      const std::string at = path.empty() ? inner.key : path + "." + inner.key;
      if (inner.key == name_key) continue;
      if (const std::string tag_key = tag_beside(node, inner); !tag_key.empty()) {
        in_parts(node, path, inner.key, tag_key);
      } else if (is_image_scalar(inner, member, path)) {
        scalar(node, inner, role_of(at));
      } else {
        note_text(inner.value, at);
        note_tags(inner, at);
        collect(inner.value, at, inner.key);
      }
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const std::string at = fmt::format("{}[{}]", path, i);
      if (to_lower(member) == "images" && has_image_form(node.items[i])) {
        images_.image(node.items[i], role_of(at));
      } else {
        collect(node.items[i], at, member);
      }
    }
  }

  void add_outer_registry(const Node& node, const std::string& path) {
    // "repo: team" beside "images:" may be in front of their names.
    if (const Node* repository = node.find("images") == nullptr ? nullptr : node.find("repo")) {
      if (repository->is_scalar()) outer_.push_back({path, "repo", repository->scalar, false});
    }
    for (const std::string_view key : kOuterRegistryKeys) {
      const Node* found = node.find(key);
      if (found == nullptr || found->is_mapping() || found->is_sequence()) continue;
      std::string value = images_.text_of(*found);
      if (value.ends_with('/')) value.pop_back();
      const bool is_host = value.empty() || key == "hub" || has_registry_host(value + "/");
      if (is_host && value.find("://") == std::string::npos) outer_.push_back({path, std::string(key), value});
    }
  }

  /// The registries under "global", which subcharts see too.
  void add_global_registries(const Node& values) {
    const Node* global = values.find("global");
    if (global == nullptr) return;
    add_outer_registry(*global, "global");
    if (const Node* image = global->find("image")) add_outer_registry(*image, "global.image");
  }

  /// Returns the innermost registry that values give to the image at a path in a key of another mapping, if the
  /// templates read that key. One without a value is returned only if no other is there.
  const OuterRegistry* outer_registry(const std::string& path) const {
    std::string inner = path;
    const auto templates = templates_for(inner);
    const OuterRegistry* empty = nullptr;
    for (auto at = outer_.rbegin(); at != outer_.rend(); ++at) {
      if (templates && options_.helm == HelmDigest::automatic && !use_of_key(*templates, at->path, at->key).read)
        continue;
      if (!at->value.empty()) return &*at;
      empty = &*at;
    }
    return empty;
  }

  /// Completes an image whose registry stands elsewhere. Returns false if only the chart knows it.
  bool complete_registry(const Node& node, const std::string& path, std::string_view name_key,
                         ReferenceParts& parts) const {
    const std::string& name = parts.name.value;
    if (!parts.registry.value.empty() || name.empty() || has_registry_host(name)) return true;
    const bool is_bare_name = name_key == "name" && name.find('/') == std::string::npos;
    if (is_bare_name && node.find("repository") != nullptr) return false;
    const OuterRegistry* outer = outer_registry(path);
    if (outer == nullptr) return true;
    // With an empty registry, "nginx" is Docker Hub's; a bare word under "name" gets a registry by the templates.
    if (!outer->is_sure && !has_templates()) return false;
    if (outer->value.empty()) return !is_bare_name;
    parts.registry = {outer->key, outer->value, std::nullopt};
    return true;
  }

  bool has_templates() const {
    std::string root;
    return templates_for(root).has_value();
  }

  /// A mapping of names to tags, whose repositories only the templates know.
  void note_tags(const Node::Member& map, const std::string& path) {
    const std::string key = to_lower(map.key);
    if (std::find(kTagMaps.begin(), kTagMaps.end(), key) == kTagMaps.end()) return;
    for (const Node::Member& tag : map.value.members) {
      if (is_tag_like(tag.value, key != "images"))
        images_.note(tag.value, role_of(path + "." + tag.key), "a tag whose repository is not here, left alone");
    }
  }

  /// A manifest or other text in the values.
  void note_text(const Node& value, const std::string& path) {
    if (has_image_form(value) && has_registry_host(value.scalar) && has_version_tag(value.scalar))
      return images_.note(value, role_of(path), "may name an image, left alone");
    const bool is_text = value.is_scalar() && value.scalar.find('\n') != std::string::npos;
    if (const std::size_t count = is_text ? count_image_lines(value.scalar) : 0; count > 0)
      images_.note(value, role_of(path), "a text that names images, left alone", count);
  }

  /// A tag whose repository stands in other values, as in those of one environment.
  void note_lone_tag(const Node& node, const std::string& path, std::string_view member) {
    const bool is_image = to_lower(member).ends_with("image") || !can_add_keys_;
    const std::string_view key = is_image ? first_key(node, kTagKeys) : "imageTag";
    const Node* tag = key.empty() ? nullptr : node.find(key);
    if (tag == nullptr || !tag->is_scalar() || tag->scalar.empty() || tag->scalar.find('@') != std::string::npos)
      return;
    const std::string_view digest = first_key(node, kDigestKeys);
    if (!digest.empty() && !images_.text_of(*node.find(digest)).empty()) return;
    images_.note(*tag, role_of(path.empty() ? std::string(key) : fmt::format("{}.{}", path, key)),
                 is_template(*tag) ? "a template, left alone" : "a tag whose repository is not here, left alone");
  }

  /// A whole reference. One without a tag, or beside a registry of its own, is not all that the chart uses.
  void scalar(const Node& node, const Node::Member& member, const std::string& role) {
    const std::string text = images_.text_of(member.value);
    const std::string_view registry = first_key(node, kRegistryKeys);
    const bool has_own = !registry.empty() && !images_.text_of(*node.find(registry)).empty();
    const OuterRegistry* outer = has_own || has_registry_host(text) ? nullptr : outer_registry(role);
    const bool has_registry = has_own || (outer != nullptr && !outer->value.empty());
    if (has_registry && !text.empty())
      return images_.note(member.value, role, "its registry has a key of its own, left alone");
    if (text.empty() || has_tag_or_digest(text) || is_template(member.value)) return images_.image(member.value, role);
    images_.name(member.value, role);
  }

  /// Returns the key of the tag that belongs to an image in a scalar: webImageTag or webTag for webImage or
  /// webRepository.
  std::string tag_beside(const Node& node, const Node::Member& member) const {
    const std::string key = to_lower(member.key);
    const std::size_t end = key.ends_with("image") ? 5 : key.ends_with("repository") ? 10 : key.size();
    if (end == key.size() || !member.value.is_scalar() || has_tag_or_digest(member.value.scalar)) return {};
    const std::string stem = key.substr(0, key.size() - end);
    // "defaultImageRepository: team" is a part of the names of other images.
    const bool is_whole = member.value.scalar.find('/') != std::string::npos && !stem.ends_with("image");
    if (end == 10 && !is_whole) return {};
    for (const Node::Member& other : node.members) {
      const std::string name = to_lower(other.key);
      const bool is_tag = name == key + "tag" || name == key + "_tag" || name == key + "-tag" || name == stem + "tag";
      if (is_tag && other.value.is_scalar()) return other.key;
    }
    return {};
  }

  std::string role_of(const std::string& path) const {
    const std::string shown = printable(path, 200);
    if (role_.empty()) return shown.empty() ? "values" : shown;
    return shown.empty() ? role_ : role_ + "." + shown;
  }

  /// "image" names an image however it is written; "initImage" and the members of "images" do if it has a tag.
  bool is_image_scalar(const Node::Member& member, std::string_view parent, std::string_view path) const {
    const Node& value = member.value;
    if (!value.is_scalar() && !value.is_alias()) return false;
    const std::string key = to_lower(member.key);
    if (member.key == "image") return value.is_alias() || (!value.scalar.empty() && !is_picture(value.scalar));
    constexpr std::array<std::string_view, 4> kEnds{"image", "imagename", "imageref", "imageuri"};
    const bool is_named = std::any_of(kEnds.begin(), kEnds.end(), [&](auto end) { return key.ends_with(end); });
    const bool is_path = value.scalar.find('/') != std::string::npos;
    const bool is_of_images = to_lower(parent) == "images" || path == "images.tags" || path.ends_with(".images.tags");
    return (is_named || is_of_images || (is_path && begins_with_image(key))) && has_image_form(value);
  }

  static bool has_image_form(const Node& value) {
    return looks_like_reference(value) && value.scalar.find("://") == std::string::npos && !is_picture(value.scalar);
  }

  /// The templates that read the values at a path, and the path in their own values.
  std::optional<std::string> templates_for(std::string& path) const {
    if (file_.empty() || !options_.templates) return std::nullopt;
    const std::size_t dot = path.find('.');
    if (dot != std::string::npos) {
      if (auto inner = options_.templates(file_, path.substr(0, dot))) {
        path.erase(0, dot + 1);
        return inner;
      }
    }
    return options_.templates(file_, "");
  }

  void in_parts(const Node& node, const std::string& path, std::string_view name_key) {
    const Node& name = *node.find(name_key);
    const std::string_view tag_key = first_key(node, kTagKeys);
    if (has_tag_or_digest(images_.text_of(name)) && (tag_key.empty() || images_.text_of(*node.find(tag_key)).empty()))
      return scalar(node, member_of(node, name_key), role_of(path) + "." + std::string(name_key));
    in_parts(node, path, name_key, tag_key);
  }

  static const Node::Member& member_of(const Node& node, std::string_view key) {
    return *std::find_if(node.members.begin(), node.members.end(),
                         [&](const Node::Member& member) { return member.key == key; });
  }

  void in_parts(const Node& node, std::string path, std::string_view name_key, std::string_view tag_key) {
    const std::string role = role_of(path);
    const Node& name = *node.find(name_key);
    ReferenceParts parts;
    parts.name = images_.part_of(node, name_key);
    parts.tag = images_.part_of(node, tag_key.empty() ? "tag" : tag_key);
    parts.registry = images_.part_of(node, first_key(node, kRegistryKeys));
    parts.neighbour = parts.tag.range ? *parts.tag.range : *parts.name.range;
    if (!complete_registry(node, path, name_key, parts))
      return images_.note(name, role, "has a registry that only the chart's templates know, left alone");
    if (!place_digest(node, std::move(path), role, parts))
      return images_.note(name, role, "has a tag that the chart's templates also use as a version, left alone");
    if (!can_add_keys_ && !parts.tag.range && !parts.digest.range)
      return images_.note(name, role, "has no tag here, so its digest is not known, left alone");
    if (const std::string_view key = unknown_digest(node, parts); !key.empty())
      return images_.note(name, role, fmt::format("has another digest of its tag ({}), left alone", printable(key, 80)),
                          reference_of(parts).find('@') == std::string::npos ? 1 : 0);
    images_.parts(node, parts, role);
    second_images(node, parts, role);
  }

  /// Adds the images that share the tag and have digests of their own.
  void second_images(const Node& node, const ReferenceParts& parts, const std::string& role) {
    for (const auto& [key, suffix] : kSecondDigests) {
      const Node* digest = node.find(key);
      if (digest == nullptr || images_.text_of(*digest).empty()) continue;
      ReferenceParts second = parts;
      second.name.value += suffix;
      second.name.range = std::nullopt;
      second.digest = images_.part_of(node, key);
      second.bare_digest = is_bare(second.digest);
      second.new_digest = ReferenceParts::Place::digest_key;
      images_.parts(node, std::move(second), fmt::format("{} ({})", role, key));
    }
  }

  /// Returns the key of a digest that is not the image's own and that pin does not know; empty if there is none.
  std::string_view unknown_digest(const Node& node, const ReferenceParts& parts) const {
    for (const Node::Member& member : node.members) {
      const bool is_known = member.key == parts.digest.key ||
                            std::find(kDigestKeys.begin(), kDigestKeys.end(), member.key) != kDigestKeys.end() ||
                            std::any_of(kSecondDigests.begin(), kSecondDigests.end(),
                                        [&](const SecondDigest& second) { return second.key == member.key; });
      const bool is_digest = to_lower(member.key).find("digest") != std::string::npos;
      if (is_digest && !is_known && is_digest_text(images_.text_of(member.value))) return member.key;
    }
    return {};
  }

  /// Decides where the digest is read: by the templates, else by the key that is there, else in the tag. Returns false
  /// if that is the tag and a digest does not fit there.
  bool place_digest(const Node& node, std::string path, const std::string& role, ReferenceParts& parts) {
    const std::string_view there = first_key(node, kDigestKeys);
    parts.digest = images_.part_of(node, there.empty() ? "digest" : there);
    parts.bare_digest = is_bare(parts.digest);
    parts.new_digest = there.empty() ? ReferenceParts::Place::tag : ReferenceParts::Place::digest_key;
    if (options_.helm == HelmDigest::digest && can_add_keys_) parts.new_digest = ReferenceParts::Place::digest_key;
    if (options_.helm == HelmDigest::tag) parts.new_digest = ReferenceParts::Place::tag;
    if (options_.helm != HelmDigest::automatic) return true;
    const auto templates = templates_for(path);
    return !templates || by_templates(*templates, path, node, role, parts);
  }

  bool by_templates(const std::string& templates, const std::string& path, const Node& node, const std::string& role,
                    ReferenceParts& parts) {
    for (const std::string_view key : kDigestKeys) {
      const KeyUse use = use_of_key(templates, path, std::string(key));
      // A key that the values lack is only trusted if the templates name it in full.
      if (!use.read || (node.find(key) == nullptr && !names_in_full(templates, path, key))) continue;
      parts.digest = images_.part_of(node, key);
      parts.bare_digest = use.bare;
      parts.new_digest = ReferenceParts::Place::digest_key;
      return true;
    }
    // A digest under a key that nothing reads pins nothing.
    parts.digest = {};
    parts.digest.key = "digest";
    parts.new_digest = ReferenceParts::Place::tag;
    const KeyUse use = use_of_key(templates, path, parts.tag.key);
    if (!use.read) images_.note(node, role, "the chart's templates do not show where its tag is printed", 0);
    const bool is_pinned = parts.tag.value.find('@') != std::string::npos || parts.tag.value.starts_with("sha256:");
    return !use.version || is_pinned || parts.tag.value.empty();
  }

  static bool names_in_full(const std::string& templates, const std::string& path, std::string_view key) {
    return templates.find(fmt::format(".Values.{}.{}", path, key)) != std::string::npos;
  }

  static bool is_bare(const ReferencePart& digest) {
    if (digest.value.empty()) return to_lower(digest.key).find("sha") != std::string::npos;
    return digest.value.find(':') == std::string::npos;
  }

  const std::string& file_;
  const std::string role_;
  const PinOptions& options_;
  const bool can_add_keys_;
  ImageCollector& images_;
  std::vector<OuterRegistry> outer_;  ///< the outermost first
};

/// Returns the mapping that is a member of another one, made if it is not there.
Node& mapping_in(Node& parent, const std::string& key) {
  const auto is_it = [&](const Node::Member& known) { return known.key == key && known.value.is_mapping(); };
  const auto member = std::find_if(parent.members.begin(), parent.members.end(), is_it);
  if (member != parent.members.end()) return member->value;
  Node::Member& added = parent.members.emplace_back();
  added.key = key;
  added.value.kind = Node::Kind::mapping;
  return added.value;
}

/// Adds a value at a path like "server.image.tag".
void add_at(Node& values, const std::string& path, const Node& value) {
  const std::vector<std::string> keys = split(path, '.');
  Node* parent = &values;
  for (std::size_t i = 0; i + 1 < keys.size(); ++i)
    parent = &mapping_in(*parent, keys[i]);
  Node::Member& added = parent->members.emplace_back();
  added.key = keys.back();
  added.value = value;
}

/// Collects values that are set one by one, where no key can be added.
void collect_single_values(const Node& values, const std::string& role, const PinOptions& options,
                           ImageCollector& images) {
  const std::string no_file;
  ValuesCollector(no_file, role, options, false, images).collect(values, "", "");
}

}  // namespace

bool is_helm_values(const Node& document, std::string_view file) {
  const std::string_view name = file.substr(file.rfind('/') + 1);
  const bool named = name.starts_with("values") && (name.ends_with(".yaml") || name.ends_with(".yml"));
  return document.is_mapping() && (named || has_image_in_parts(document));
}

void collect_helm_values(const Node& values, const std::string& file, const std::string& role,
                         const PinOptions& options, ImageCollector& images) {
  ValuesCollector(file, role, options, true, images).collect(values, "", "");
}

void collect_helm_parameters(const Node& parameters, const std::string& role, const PinOptions& options,
                             ImageCollector& images) {
  Node values;
  values.kind = Node::Kind::mapping;
  for (const Node& item : parameters.items) {
    const Node* value = item.find("value");
    if (value != nullptr) add_at(values, text_at(item, "name"), *value);
  }
  collect_single_values(values, role, options, images);
}

void collect_helm_set(const Node& set, const std::string& role, const PinOptions& options, ImageCollector& images) {
  Node values;
  values.kind = Node::Kind::mapping;
  for (const Node::Member& member : set.members)
    add_at(values, member.key, member.value);
  collect_single_values(values, role, options, images);
}

}  // namespace slipway::run
