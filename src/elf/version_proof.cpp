#include "elf/version_proof.h"

#include <algorithm>
#include <set>

#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr std::size_t kMaxShownSymbols = 10;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "GLIBC_" of "GLIBC_2.36".
std::string_view family_of(std::string_view version) {
  std::size_t at = 0;
  while (at < version.size() && !is_digit(version[at]))
    ++at;
  return version.substr(0, at);
}

/// The newest version of the same family that an object defines.
std::string newest(const Object& provider, std::string_view like) {
  std::string best;
  for (const std::string& version : provider.versions) {
    const std::string_view rest = std::string_view(version).substr(std::min(family_of(like).size(), version.size()));
    const bool same = family_of(version) == family_of(like) && !rest.empty() && is_digit(rest[0]);
    if (same && (best.empty() || is_older(best, version))) best = version;
  }
  return best;
}

std::string product_of(std::string_view version) {
  if (version.starts_with("GLIBCXX_") || version.starts_with("CXXABI_")) return "libstdc++";
  return version.starts_with("GLIBC_") ? "glibc" : "";
}

Error missing(const Loaded& user, const VersionNeed& need, const Loaded& provider) {
  const std::string has = newest(*provider.object, need.version);
  Error error(
      Errc::verification_failed,
      fmt::format(
          "{} needs {} of {}, but {} ({}) {}", printable(user.file.path, 4096), printable(need.version, 300),
          printable(need.library, 300), printable(provider.file.path, 4096), provider.file.root->name(),
          has.empty() ? "has no version of that kind" : fmt::format("has nothing newer than {}", printable(has, 300))));
  const std::string product = product_of(need.version);
  const std::string family(family_of(need.version));
  const std::string wanted =
      product.empty() ? fmt::format("a newer {}", printable(need.library, 300))
                      : fmt::format("{} >= {}", product == "libstdc++" ? family.substr(0, family.size() - 1) : product,
                                    printable(need.version.substr(family.size()), 100));
  return std::move(error).with_hint(
      fmt::format("build against what {} has, choose a base with {}, or use 'base: scratch', where the closure brings "
                  "its own {}",
                  provider.file.root->name(), wanted, printable(need.library, 300)));
}

}  // namespace

bool is_older(std::string_view a, std::string_view b) {
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto number = [](std::string_view text, std::size_t& at) {
        while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1]))
          ++at;
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at]))
          ++at;
        return text.substr(start, at - start);
      };
      const std::string_view x = number(a, i), y = number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  return i == a.size() && j < b.size();
}

void prove_versions(const std::deque<Loaded>& loaded, std::vector<Error>& problems, std::vector<Error>& warnings) {
  for (const Loaded& user : loaded) {
    for (const VersionNeed& need : user.object->version_needs) {
      const auto provider = std::find_if(loaded.begin(), loaded.end(), [&need](const Loaded& other) {
        return std::find(other.names.begin(), other.names.end(), need.library) != other.names.end();
      });
      if (provider == loaded.end()) continue;  // a library that is not there was reported as such
      const std::vector<std::string>& has = provider->object->versions;
      if (has.empty()) {
        // The loader says so too, and takes whatever symbol has the name.
        warnings.emplace_back(Errc::failed,
                              fmt::format("{} needs {} of {}, but {} has no version information",
                                          printable(user.file.path, 4096), printable(need.version, 300),
                                          printable(need.library, 300), printable(provider->file.path, 4096)));
        continue;
      }
      if (need.weak || std::find(has.begin(), has.end(), need.version) != has.end()) continue;
      problems.push_back(missing(user, need, *provider));
    }
  }
}

void prove_symbols(const std::deque<Loaded>& loaded, std::vector<Error>& problems) {
  std::set<std::string_view> defined;
  for (const Loaded& object : loaded) {
    if (object.object->symbols)
      defined.insert(object.object->symbols->defined.begin(), object.object->symbols->defined.end());
  }
  for (const Loaded& object : loaded) {
    if (!object.object->symbols) continue;
    std::vector<std::string_view> missing;
    for (const std::string& symbol : object.object->symbols->required) {
      if (!defined.contains(symbol)) missing.push_back(symbol);
    }
    if (missing.empty()) continue;
    const std::size_t shown = std::min(missing.size(), kMaxShownSymbols);
    std::string names;
    for (std::size_t i = 0; i < shown; ++i)
      names += (i == 0 ? "" : ", ") + printable(missing[i], 300);
    if (missing.size() > shown) names += fmt::format(" and {} more", missing.size() - shown);
    problems.push_back(
        Error(Errc::verification_failed, fmt::format("{} needs the symbol{} {}, which nothing that {} loads defines",
                                                     printable(object.file.path, 4096), missing.size() == 1 ? "" : "s",
                                                     names, printable(loaded.front().file.path, 4096)))
            .with_hint("link it with the library that has them (-Wl,--no-undefined tells at once), or name that with "
                       "\"dlopen\""));
  }
}

}  // namespace slipway::elf
