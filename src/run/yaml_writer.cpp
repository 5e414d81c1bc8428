#include "run/yaml_writer.h"

#include "slipway/base/json.h"

namespace slipway::run {

Yaml Yaml::plain(std::string text) {
  Yaml value(Kind::scalar);
  value.scalar_ = std::move(text);
  return value;
}

// A JSON string is a YAML scalar, whatever is in it.
Yaml Yaml::text(std::string_view text) { return plain(Json(text).compact()); }

Yaml Yaml::map(Members members) {
  Yaml value(Kind::map);
  value.members_ = std::move(members);
  return value;
}

Yaml Yaml::flow(Members members) {
  Yaml value(Kind::flow);
  value.members_ = std::move(members);
  return value;
}

Yaml Yaml::list(std::vector<Yaml> items, bool indented) {
  Yaml value(indented ? Kind::indented_list : Kind::list);
  value.items_ = std::move(items);
  return value;
}

bool Yaml::empty() const { return kind_ != Kind::scalar && members_.empty() && items_.empty(); }

Yaml& Yaml::add(std::string key, Yaml value) {
  members_.emplace_back(std::move(key), std::move(value));
  return *this;
}

std::string Yaml::inline_text() const {
  if (kind_ == Kind::scalar) return scalar_;
  std::string out;
  for (const auto& [key, value] : members_)
    out += (out.empty() ? "{" : ", ") + key + ": " + value.inline_text();
  return out + "}";
}

void Yaml::write_member(std::string& out, const std::string& key, const Yaml& value, std::size_t indent) const {
  if (value.empty()) return;
  out += key + ":";
  if (value.kind_ == Kind::scalar || value.kind_ == Kind::flow) {
    out += " " + value.inline_text() + "\n";
    return;
  }
  out += "\n";
  value.write(out, value.kind_ == Kind::list ? indent : indent + 2);
}

void Yaml::write(std::string& out, std::size_t indent) const {
  const std::string margin(indent, ' ');
  for (const auto& [key, value] : members_) {
    if (!value.empty()) out += margin;
    write_member(out, key, value, indent);
  }
  for (const Yaml& item : items_) {
    out += margin + "- ";
    if (item.kind_ == Kind::map) {
      std::string lines;
      item.write(lines, indent + 2);
      out += lines.substr(indent + 2);
    } else {
      out += item.inline_text() + "\n";
    }
  }
}

std::string write_yaml(const Yaml& value) {
  std::string out;
  value.write(out, 0);
  return out;
}

}  // namespace slipway::run
