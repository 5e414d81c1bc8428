#include <algorithm>
#include <array>

#include "run/logical_lines.h"
#include "slipway/base/text.h"

namespace slipway::run {

namespace {

constexpr std::array<std::string_view, 6> kQuadlet{".container", ".image", ".volume", ".pod", ".kube", ".build"};

std::string_view format_of(std::string_view file) {
  if (file.ends_with(".service")) return "systemd";
  const bool quadlet = std::any_of(kQuadlet.begin(), kQuadlet.end(), [&](auto end) { return file.ends_with(end); });
  return quadlet ? "quadlet" : "";
}

/// Options of `run` and `create` that stand alone; every other one without "=" takes the next word.
constexpr std::array<std::string_view, 24> kAlone{"--rm",
                                                  "--rmi",
                                                  "--detach",
                                                  "--interactive",
                                                  "--tty",
                                                  "--init",
                                                  "--privileged",
                                                  "--read-only",
                                                  "--read-only-tmpfs",
                                                  "--replace",
                                                  "--quiet",
                                                  "--publish-all",
                                                  "--tls-verify",
                                                  "--no-healthcheck",
                                                  "--oom-kill-disable",
                                                  "--sig-proxy",
                                                  "--env-host",
                                                  "--http-proxy",
                                                  "--no-hosts",
                                                  "--no-hostname",
                                                  "--disable-content-trust",
                                                  "--unsetenv-all",
                                                  "--passwd",
                                                  "--help"};

constexpr std::array<std::string_view, 6> kScripts{"podman run ",  "podman pull ", "docker run ",
                                                   "docker pull ", "nerdctl run ", "nerdctl pull "};

bool takes_a_value(std::string_view option) {
  if (option.starts_with("--")) {
    return option.find('=') == std::string_view::npos &&
           std::find(kAlone.begin(), kAlone.end(), option) == kAlone.end();
  }
  // -it, -d; with a letter that takes a value the rest of the word is it: -eA=b, -p8080:80.
  const std::size_t valued = option.find_first_not_of("ditPq", 1);
  return valued != std::string_view::npos && valued + 1 == option.size();
}

/// Reads a unit file section by section.
class UnitFile {
 public:
  UnitFile(std::string_view text, const std::string& file, std::string_view format)
      : lines_(text, file, {.escape = '\\', .comments = "#;", .quotes = true, .separators = " \t"}) {
    findings_.format = format;
  }

  Findings read() {
    while (!lines_.at_end()) {
      LogicalLine line = lines_.next();
      if (line.words.empty()) continue;
      const std::string& first = line.words[0].text;
      if (first.starts_with('[') && first.ends_with(']')) {
        section_ = first.substr(1, first.size() - 2);
      } else {
        setting(std::move(line.words));
      }
    }
    return std::move(findings_);
  }

 private:
  /// "Key=value word...", "Key = value...": the key is taken off, the words of the value stay.
  void setting(std::vector<Word> words) {
    const std::size_t equals = words[0].text.find('=');
    const std::string key = words[0].text.substr(0, equals);
    if (equals == std::string::npos) {
      if (words.size() < 2 || !words[1].text.starts_with('=')) return;
      words.erase(words.begin());
      cut_front(words, 1);
    } else {
      cut_front(words, equals + 1);
    }
    if (words.empty()) return;
    const bool has_image = section_ == "Container" || section_ == "Image" || section_ == "Volume";
    if (has_image && key == "Image") return image(words[0], fmt::format("{}.Image", section_));
    if (section_ == "Service" && key.starts_with("Exec")) command(words, key);
  }

  static void cut_front(std::vector<Word>& words, std::size_t n) {
    Word& word = words.front();
    // A quoted word's bytes start behind the quote; one quoted in part is not plain anyway.
    word.text.erase(0, n);
    word.range.begin += n;
    word.where.col += static_cast<int>(n);
    if (word.text.empty()) words.erase(words.begin());
  }

  /// podman run [options] IMAGE ...
  void command(const std::vector<Word>& words, const std::string& key) {
    std::string_view program = words[0].text;
    program.remove_prefix(std::min(program.find_first_not_of("@-:+!|"), program.size()));
    const std::string_view name = program.substr(program.rfind('/') + 1);
    if (name != "podman" && name != "docker" && name != "nerdctl") return note_scripts(words, key);
    std::size_t at = 1;
    while (at < words.size() && words[at].text.starts_with('-'))
      at += takes_a_value(words[at].text) ? 2 : 1;
    if (at < words.size() && (words[at].text == "container" || words[at].text == "image")) ++at;
    if (at >= words.size()) return;
    const std::string& verb = words[at].text;
    if (verb != "run" && verb != "create" && verb != "pull") return;
    for (++at; at < words.size() && words[at].text.starts_with('-');) {
      if (words[at].text == "--rootfs") return;
      at += takes_a_value(words[at].text) ? 2 : 1;
    }
    if (at < words.size()) image(words[at], fmt::format("{}: {} {}", key, name, verb));
  }

  /// sh -c "docker run IMAGE"
  void note_scripts(const std::vector<Word>& words, const std::string& key) {
    for (const Word& word : words) {
      const bool is_script = word.text.find(' ') != std::string::npos &&
                             std::any_of(kScripts.begin(), kScripts.end(), [&](std::string_view script) {
                               return word.text.find(script) != std::string::npos;
                             });
      if (is_script)
        findings_.notes.push_back({word.where, key, "a command in quotes that may run an image, left alone"});
    }
  }

  void image(const Word& word, const std::string& role) {
    if (word.text.ends_with(".image") || word.text.ends_with(".build")) return;  // another quadlet file
    std::string_view why;
    if (word.text.find("{{") != std::string::npos) {
      why = "a template";
    } else if (word.text.find_first_of("$%") != std::string::npos) {
      why = "a variable or specifier";
    } else if (!word.plain) {
      why = "quoted in part or written over several lines";
    }
    if (!why.empty()) return findings_.notes.push_back({word.where, role, fmt::format("{}, left alone", why)});
    findings_.references.push_back({word.text, word.range, word.where, role});
  }

  LineScanner lines_;
  Findings findings_;
  std::string section_;
};

class UnitFinder final : public ReferenceFinder {
 public:
  Result<std::optional<Findings>> find(std::string_view text, const std::string& file,
                                       const PinOptions& options) const override {
    const std::string_view assigned = assigned_format(options, file);
    const bool is_unit = assigned.empty() || assigned == "systemd" || assigned == "quadlet";
    const std::string_view format = assigned.empty() ? format_of(file) : is_unit ? assigned : "";
    if (format.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
    return UnitFile(text, file, format).read();
  }
  Result<std::string> apply(std::string_view text, const std::string& file, const PinOptions& options,
                            const Findings& findings, FileEdits edits) const override {
    return apply_to_text(*this, text, file, options, findings, std::move(edits.edits));
  }
};

}  // namespace

const ReferenceFinder& unit_finder() {
  static const UnitFinder finder;
  return finder;
}

}  // namespace slipway::run
