#include <algorithm>

#include "cli/command.h"
#include "slipway/base/text.h"
#include "slipway/elf/closure.h"

namespace slipway::cli {
namespace {

struct ClosureFlags {
  std::vector<std::string> files, dlopens;
  std::optional<std::string> sysroot;
  bool check_symbols = false;
};

Json file_json(const elf::ClosureFile& file) {
  Json out;
  out.set("name", file.name).set("path", file.file.path).set("target", file.file.target);
  out.set("neededBy", file.needed_by).set("atRunTime", file.at_run_time);
  return out;
}

Json messages(const std::vector<Error>& errors) {
  Json::Array out;
  for (const Error& error : errors)
    out.emplace_back(error.message);
  return out;
}

Json closure_json(const std::string& program, const elf::Closure& closure) {
  Json::Array files;
  for (const elf::ClosureFile& file : closure.files)
    files.push_back(file_json(file));
  Json out;
  out.set("program", program).set("files", std::move(files));
  out.set("problems", messages(closure.problems)).set("warnings", messages(closure.warnings));
  return out;
}

Result<elf::Closure> closure_of(elf::DiskRoot& supply, const std::string& path, const ClosureFlags& f) {
  SLIPWAY_ASSIGN(auto found, supply.find(path));
  if (!found) {
    return fail(Error(Errc::not_found, fmt::format("{} has no file {}", supply.name(), printable(path, 4096)))
                    .with_hint("write the path as it is inside the folder of --sysroot"));
  }
  elf::Roots roots;
  roots.supply = &supply;
  return elf::find_closure(roots, {*std::move(found), {}}, f.dlopens);
}

Result<int> run_closure(Context& context, const ClosureFlags& f) {
  const stdfs::path folder = f.sysroot ? context.absolute(*f.sysroot) : stdfs::path("/");
  elf::DiskRoot supply(context.fs(), folder,
                       f.sysroot ? "the sysroot " + printable(folder.native(), 4096) : "this machine",
                       f.check_symbols ? elf::SymbolNames::all : elf::SymbolNames::imports);
  Json::Array programs;
  std::vector<std::string> lines;
  std::vector<Error> problems;
  for (const std::string& file : f.files) {
    const std::string path = f.sysroot ? elf::normal_path("/" + file) : context.absolute(file).native();
    SLIPWAY_ASSIGN(elf::Closure closure, closure_of(supply, path, f));
    programs.push_back(closure_json(path, closure));
    for (const elf::ClosureFile& one : closure.files) {
      if (std::find(lines.begin(), lines.end(), one.file.path) == lines.end()) lines.push_back(one.file.path);
    }
    for (const Error& warning : closure.warnings)
      context.warn(warning.describe());
    std::move(closure.problems.begin(), closure.problems.end(), std::back_inserter(problems));
  }
  if (context.json()) {
    Json document;
    document.set("schema", "slipway/v1/closure").set("programs", std::move(programs));
    SLIPWAY_TRY(context.print_document(document));
  } else {
    for (const std::string& line : lines)
      SLIPWAY_TRY(context.print(printable(line, 4096)));
  }
  if (!problems.empty()) return fail(combine(std::move(problems)));
  return 0;
}

}  // namespace

Command closure_command() {
  return {.name = "closure",
          .aliases = {},
          .summary = "list the shared libraries that programs need",
          .description =
              "Reads ELF files and prints the path of each shared library and loader they need, found by the loader's "
              "own rules. Never runs the programs.",
          .synopsis = "[--sysroot DIR] [--dlopen LIB]... [--check-symbols] FILE...",
          .examples = {{"the libraries that an image of it needs", "slipway closure build/hello"},
                       {"which file needs which, as JSON", "slipway closure -o json /usr/bin/git"},
                       {"a program for another machine", "slipway closure --sysroot rootfs-arm64 /usr/bin/hello"}},
          .statuses = {{12, "a library or symbol is missing"}},
          .see_also = {"build", "why"},
          .bind = [](OptionSet& options) -> Action {
            auto flags = std::make_shared<ClosureFlags>();
            options.value("--sysroot", "DIR", flags->sysroot, "find libraries below this root folder (default: /)");
            options.list("--dlopen", "LIB", flags->dlopens,
                         "add a library that the programs load at run time (repeatable)");
            options.flag("--check-symbols", flags->check_symbols, "look for every symbol, not only for versions");
            options.positionals("FILE", flags->files, "programs, libraries, plugins or scripts");
            return [flags](Context& context) { return run_closure(context, *flags); };
          }};
}

}  // namespace slipway::cli
