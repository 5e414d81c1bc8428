#include "builder/interpreter_trees.h"

#include <algorithm>

#include "slipway/elf/root.h"

namespace slipway::builder {
namespace {

/// Keeps the folders that are there.
void keep_present(FileSystem& fs, const stdfs::path& root, InterpreterTrees& trees) {
  std::erase_if(trees.folders, [&](const std::string& folder) {
    const auto stat = fs.stat(root / folder.substr(1));
    return !stat || stat->type != FileType::directory;
  });
}

/// <prefix>/lib/python3.11 of <prefix>/bin/python3.11.
InterpreterTrees python_trees(const std::string& path, const std::string& name) {
  const std::string prefix = elf::parent_of(elf::parent_of(path));
  const std::string start = prefix == "/" ? "/usr" : prefix;
  InterpreterTrees trees;
  for (const char* lib : {"/lib/", "/lib64/"})
    trees.folders.push_back(start + lib + name);
  trees.excluded = {"**/__pycache__", "test", "**/*.a", "**/tests"};
  trees.needs = start + "/lib/" + name;
  return trees;
}

/// Debian's folders (one of them below the multiarch folder) and Fedora's.
InterpreterTrees perl_trees(FileSystem& fs, const stdfs::path& root) {
  InterpreterTrees trees;
  for (const std::string& name : fs.list(root / "usr/lib").value_or(std::vector<std::string>())) {
    if (!fs.stat(root / "usr/lib" / name / "perl-base")) continue;
    trees.folders = {"/usr/lib/" + name + "/perl-base", "/usr/lib/" + name + "/perl", "/usr/share/perl"};
  }
  if (trees.folders.empty()) trees.folders = {"/usr/lib64/perl5", "/usr/share/perl5", "/usr/lib/perl5"};
  trees.excluded = {"**/*.pod", "**/*.h"};
  trees.needs = "perl's modules below /usr/lib and /usr/share";
  return trees;
}

/// Modules that Debian takes out of node's program.
InterpreterTrees node_trees() {
  InterpreterTrees trees;
  for (const char* module : {"acorn", "acorn-walk", "cjs-module-lexer", "undici"})
    trees.folders.push_back(std::string("/usr/share/nodejs/") + module);
  return trees;
}

}  // namespace

InterpreterTrees trees_of_interpreter(FileSystem& fs, const stdfs::path& root, const std::string& path) {
  const std::string name = elf::name_in(path);
  const auto is_version = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  const auto is_versioned = [&](std::string_view stem) {
    return name.starts_with(stem) &&
           std::all_of(name.begin() + static_cast<std::ptrdiff_t>(stem.size()), name.end(), is_version);
  };
  InterpreterTrees trees;
  if (is_versioned("python3.")) trees = python_trees(path, name);
  if (is_versioned("perl")) trees = perl_trees(fs, root);
  if (name == "node" || name == "nodejs") trees = node_trees();
  keep_present(fs, root, trees);
  return trees;
}

}  // namespace slipway::builder
