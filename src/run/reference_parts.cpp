#include "run/reference_parts.h"

namespace slipway::run {

namespace {

bool is_digest(std::string_view text) { return text.starts_with("sha256:") || text.starts_with("sha512:"); }

/// A value with the digest that stands behind it, if one does.
struct WithDigest {
  std::string text;
  std::string digest;
  bool digest_alone = false;  ///< the value is a digest and nothing else
};

WithDigest split_digest(const std::string& value) {
  if (is_digest(value)) return {"", value, true};
  const std::size_t at = value.find('@');
  if (at == std::string::npos) return {value, "", false};
  return {value.substr(0, at), value.substr(at + 1), false};
}

/// The parts with every digest taken out of name and tag.
struct PartsView {
  WithDigest name, tag;
  std::string key_digest;
  explicit PartsView(const ReferenceParts& parts)
      : name(split_digest(parts.name.value)), tag(split_digest(parts.tag.value)), key_digest(parts.digest.value) {
    if (!key_digest.empty() && key_digest.find(':') == std::string::npos) key_digest = "sha256:" + key_digest;
  }
  std::string digest() const {
    if (!key_digest.empty()) return key_digest;
    return tag.digest.empty() ? name.digest : tag.digest;
  }
};

std::string join(const std::string& registry, const std::string& name, const std::string& tag,
                 const std::string& digest) {
  return (registry.empty() ? name : registry + "/" + name) + (tag.empty() ? "" : ":" + tag) +
         (digest.empty() ? "" : "@" + digest);
}

/// Sets a part's value where it differs; adds its key where it is absent and may be added.
void set_part(const ReferenceParts& parts, const ReferencePart& part, const std::string& value, bool add,
              FileEdits& edits) {
  if (part.range && part.value != value) edits.edits.push_back({*part.range, value});
  if (!part.range && add) edits.insertions.push_back({parts.neighbour, part.key, value});
}

std::string tag_with(const WithDigest& before, const std::string& tag, const Digest& digest, bool into_tag) {
  if (before.digest_alone) return digest.str();
  return before.digest.empty() && !into_tag ? tag : tag + "@" + digest.str();
}

}  // namespace

std::string reference_of(const ReferenceParts& parts) {
  const PartsView view(parts);
  return join(parts.registry.value, view.name.text, view.tag.text, view.digest());
}

bool has_unknown_tag(const ReferenceParts& parts) {
  const PartsView view(parts);
  return view.tag.text.empty() && view.digest().empty();
}

bool has_outer_registry(const ReferenceParts& parts) { return !parts.registry.range && !parts.registry.value.empty(); }

std::string set_parts(const ReferenceParts& parts, const PinnedReference& pin, FileEdits& edits) {
  const PartsView view(parts);
  std::string name = view.name.text;
  std::string registry = parts.registry.value;
  if (pin.name && has_outer_registry(parts)) {
    name = pin.name->substr(registry.size() + 1);
  } else if (pin.name) {
    const std::size_t slash = pin.name->find('/');
    registry = parts.registry.range ? pin.name->substr(0, slash) : "";
    name = parts.registry.range ? pin.name->substr(slash + 1) : *pin.name;
    set_part(parts, parts.registry, registry, false, edits);
  }
  const bool is_new = view.digest().empty();
  const bool into_tag = is_new && parts.new_digest == ReferenceParts::Place::tag;
  const std::string tag = pin.tag && (parts.tag.range || into_tag) ? *pin.tag : view.tag.text;
  const std::string named = view.name.digest.empty() ? name : name + "@" + pin.digest.str();
  set_part(parts, parts.name, named, parts.adds_name && named != parts.name.value, edits);
  set_part(parts, parts.tag, tag_with(view.tag, tag, pin.digest, into_tag), into_tag, edits);
  const bool has_key = !view.key_digest.empty() || (is_new && !into_tag);
  const std::string digest = parts.bare_digest ? std::string(pin.digest.hex()) : pin.digest.str();
  if (has_key) set_part(parts, parts.digest, digest, true, edits);
  return join(registry, name, view.tag.digest_alone ? "" : tag, pin.digest.str());
}

PinEdits edits_of(const FoundReference& found, const oci::Location& location, const PinnedReference& pin) {
  PinEdits edits;
  if (found.parts) {
    edits.after = set_parts(*found.parts, pin, edits.edits);
  } else {
    edits.after = pinned_text(found.written, location, pin);
    if (edits.after != found.written)
      edits.edits.edits.push_back({found.range, found.prefix + edits.after + found.suffix});
  }
  return edits;
}

}  // namespace slipway::run
