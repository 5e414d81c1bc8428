#pragma once

#include <set>
#include <string>
#include <vector>

#include "slipway/elf/root.h"

/// The closure of a program: the libraries that its dynamic loader will map, found without running anything.
///
/// States: a Root is a root folder in which files are looked up (root.h). Roots::image are those that the image will
/// have anyway, Roots::supply is the one that missing files are taken from. A closure lists files of all of them; the
/// caller packs those whose FoundFile::root is not one of Roots::image, and the Bridges.
///
/// Order of calls: make the Roots, Root::find() the program, find_closure(). Every call is independent of the others;
/// roots cache what they read, so use the same ones for several programs.
///
/// Rules: glibc's or musl's, chosen by the program's interpreter. Breadth first; RPATH of the whole chain of loaders,
/// RUNPATH of the asking object only, LD_LIBRARY_PATH, ld.so.conf, the built-in folders; files for other machines are
/// passed over. RPATH and RUNPATH are searched in all roots in order; system folders in the image's roots first. With
/// glibc every needed symbol version must be defined by the library that will be mapped.
///
/// Threads: one at a time, as the roots are. Cost: each file's headers are read once for each Root; with
/// SymbolNames::all the symbol tables too.
///
/// Errors: a Status is the disk's failure, or Errc::malformed for a damaged file or more than 10000 libraries.
/// Libraries that the image lacks are not errors of the call: Closure::problems lists them.
///
/// Example: the libraries of a program of this machine.
///
///     Result<std::vector<std::string>> libraries_of(elf::Root& machine, const std::string& program) {
///       SLIPWAY_ASSIGN(auto found, machine.find(program));
///       if (!found) return fail(Errc::not_found, "{} does not exist", program);
///       elf::Roots roots;
///       roots.supply = &machine;
///       SLIPWAY_ASSIGN(const elf::Closure closure, elf::find_closure(roots, {*std::move(found), {}}));
///       std::vector<std::string> paths;
///       for (const elf::ClosureFile& file : closure.files)
///         paths.push_back(file.file.path);
///       return paths;
///     }
namespace slipway::elf {

/// The environment of the image's processes, as far as the loader reads it. A value.
struct ProcessRules {
  std::vector<std::string> library_path;     ///< LD_LIBRARY_PATH; relative folders start from `workdir`
  std::vector<std::string> program_folders;  ///< PATH, for scripts that env starts; empty: the usual ones
  std::string workdir = "/";                 ///< where relative names of needed libraries start from
  std::set<std::string> without;             ///< names of libraries that are neither looked for nor missed
};

/// The roots in which programs find their libraries; all are kept alive by the caller.
struct Roots {
  std::vector<Root*> image;  ///< what the image has anyway, in order: the files of the recipe, the base
  Root* supply = nullptr;    ///< missing files are taken from it: this machine, or a sysroot; nullptr: from nowhere
  Root* local = nullptr;     ///< the disk, for $ORIGIN of programs whose folder on disk is not that in the image
  ProcessRules rules = {};
};

/// A program, script, library or plugin whose closure is asked for.
struct Input {
  FoundFile file;     ///< its `path` is where it will be in the image
  std::string local;  ///< its folder on disk, in Roots::local, if that is not its folder in the image; else empty
  /// It runs with its owner's rights or capabilities: its loader ignores LD_LIBRARY_PATH and folders relative to
  /// $ORIGIN.
  bool privileged = false;
};

/// One file that an input loads.
struct ClosureFile {
  FoundFile file;
  std::string name;          ///< as it was asked for, e.g. "libz.so.1"
  std::string needed_by;     ///< the image's path of the file that asked first
  bool at_run_time = false;  ///< loaded by a call of the program (dlopen), not because of its headers
};

/// A symlink to be made in the image, so that its loader finds a library whose folder only the supply's ld.so.conf
/// names.
struct Bridge {
  std::string path, text;  ///< where the symlink is, and where it points to; absolute
};

/// The files that one input loads, in the order the loader maps them, and the problems found.
struct Closure {
  std::vector<ClosureFile> files;  ///< without the input itself; empty for static programs
  std::vector<Bridge> bridges;
  std::vector<Error> problems;  ///< Errc::verification_failed: with any of them the program does not start
  std::vector<Error> warnings;
};

/// Finds the closure of one input; see the head of this file. A script's closure is its interpreter and that program's.
/// `extra`: libraries that the input loads at run time, as names or absolute paths.
Result<Closure> find_closure(const Roots& roots, const Input& input, const std::vector<std::string>& extra = {});

/// The system folders of glibc's loader: those of ld.so.conf, which come first, and the built-in ones. Normal paths,
/// each once.
struct LibraryFolders {
  std::vector<std::string> configured, built_in;
};
/// Returns those of a root for programs of one machine.
Result<LibraryFolders> library_folders(Root& root, const Abi& abi);

/// Returns the folders in which a loader looks for the libraries that a program itself asks for, in order, without
/// reading any file: RPATH, `library_path`, RUNPATH, the loader's built-in folders. `origin`: the program's folder in
/// the image; `workdir`: what relative folders of `library_path` start from.
std::vector<std::string> loader_folders(const Object& program, const std::string& origin,
                                        const std::string& library_path, const std::string& workdir);

/// Returns the interpreters that the first line of a script names: the one that the kernel starts, and for `env NAME`
/// that name, too; none for other files.
std::vector<std::string> script_interpreters(const std::string& first_bytes);

}  // namespace slipway::elf
