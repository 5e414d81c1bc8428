#include "slipway/elf/lint.h"

#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr std::size_t kPiece = 1u << 20;

bool lies_in(const std::string& path, const std::string& folder) {
  return !folder.empty() && folder != "/" && path.starts_with(folder) &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

void lint_run_path(const Object& object, const LintFacts& facts, std::vector<std::string>& out) {
  const std::string& text = object.runpath.empty() ? object.rpath : object.runpath;
  const char* kind = object.runpath.empty() ? "RPATH" : "RUNPATH";
  for (const std::string& part : split(text, ':')) {
    if (lies_in(part, facts.build_folder)) {
      out.push_back(
          fmt::format("its {} names the build folder {}, which the image does not have: install it with "
                      "`cmake --install`, or set CMAKE_BUILD_RPATH_USE_ORIGIN",
                      kind, printable(part, 4096)));
    } else if (!text.empty() && !part.starts_with('/') && !part.starts_with('$')) {
      out.push_back(fmt::format("its {} has \"{}\", which depends on the current folder: use $ORIGIN", kind,
                                printable(part, 4096)));
    }
  }
  if (facts.capable && text.find("ORIGIN") != std::string::npos)
    out.push_back(
        fmt::format("it gets file capabilities, and the loader then does not trust the $ORIGIN of its {}: put "
                    "its libraries into a system folder",
                    kind));
}

}  // namespace

std::vector<std::string> lint(const Object& object, const LintFacts& facts) {
  std::vector<std::string> out;
  if (object.fixed) out.emplace_back("it is always loaded at the same address: compile with -fPIE and link with -pie");
  if (object.executable_stack)
    out.emplace_back("its stack is executable: link with -Wl,-z,noexecstack and find the assembly that asks for it");
  if (object.dynamic && !object.relro) {
    out.emplace_back("its relocated data stays writable: link with -Wl,-z,relro,-z,now");
  } else if (object.dynamic && !object.interpreter.empty() && !object.bind_now) {
    out.emplace_back("its function table stays writable, since symbols are bound lazily: link with -Wl,-z,now");
  }
  lint_run_path(object, facts, out);
  if (facts.embeds_folder)
    out.push_back(
        fmt::format("it has the build folder {} in it, so that it differs between machines: compile with "
                    "-ffile-prefix-map={}=. and strip it",
                    printable(facts.build_folder, 4096), printable(facts.build_folder, 4096)));
  return out;
}

Result<bool> holds_text(File& file, const std::string& text) {
  if (text.empty()) return true;
  std::string window;
  for (std::uint64_t at = 0;;) {
    const std::size_t kept = window.size();
    window.resize(kept + kPiece);
    const std::span<std::byte> piece(reinterpret_cast<std::byte*>(window.data()) + kept, kPiece);
    SLIPWAY_ASSIGN(const std::size_t n, file.read_at(piece, at));
    if (n == 0) return false;
    at += n;
    window.resize(kept + n);
    if (window.find(text) != std::string::npos) return true;
    // A possible beginning of the text stays for the next piece.
    if (window.size() >= text.size()) window.erase(0, window.size() - text.size() + 1);
  }
}

}  // namespace slipway::elf
