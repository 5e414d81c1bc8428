#pragma once

#include <set>
#include <string>
#include <vector>

#include "slipway/elf/root.h"

namespace slipway::elf {

/// The surroundings of the image's processes. A value.
struct ProcessRules {
  std::vector<std::string> library_path;     ///< LD_LIBRARY_PATH; relative folders start from `workdir`
  std::vector<std::string> program_folders;  ///< PATH, for scripts that env starts; empty: the usual ones
  std::string workdir = "/";                 ///< where relative names of needed libraries start from
  std::set<std::string> without;  ///< libraries that come otherwise: asked for by these names they count as there
};

/// The places in which programs find their libraries.
struct Roots {
  std::vector<Root*> image;  ///< what the image has anyway: the files of the recipe, the base
  Root* supply = nullptr;    ///< where what is missing is taken from: this machine, or another system's root folder
  Root* local = nullptr;     ///< the disk, for $ORIGIN of programs that lie elsewhere than they will in the image
  ProcessRules rules = {};   ///< the image's config and the user's knowledge, as far as the loader is concerned
};

/// A program, script, library or plugin whose needs are wanted.
struct Input {
  FoundFile file;     ///< its `path` is where it will be in the image
  std::string local;  ///< the folder it is in now, where that is another one
  /// Gets its owner's rights or capabilities: its loader ignores LD_LIBRARY_PATH and folders relative to $ORIGIN.
  bool privileged = false;
};

/// One file that an input loads.
struct ClosureFile {
  FoundFile file;
  std::string name;          ///< as it was asked for, e.g. "libz.so.1"
  std::string needed_by;     ///< the image's path of the file that asked first
  bool at_run_time = false;  ///< loaded by the program's own call (dlopen), which the headers do not say
};

/// A symlink that lets the image's loader find a library whose folder only the supply's configuration names.
struct Bridge {
  std::string path, text;
};

/// The files that one input loads, in the order the loader maps them, and the problems found.
struct Closure {
  std::vector<ClosureFile> files;
  std::vector<Bridge> bridges;
  std::vector<Error> problems;  ///< Errc::verification_failed: with any of them the program does not start
  std::vector<Error> warnings;
};

/// The dynamic loader's search, by glibc's or musl's rules, without running anything: breadth first, RPATH of the whole
/// chain of loaders, RUNPATH of the asking object only, ld.so.conf, the built-in folders; files for other machines are
/// passed over. RPATH and RUNPATH are followed through all roots; system folders through what the image has first.
/// Every needed symbol version must be defined by the library that will be there. `extra`: libraries that the input
/// loads at run time, as names or absolute paths.
/// A Status is the disk's failure or a damaged file; what the image lacks is in Closure::problems.
Result<Closure> find_closure(const Roots& roots, const Input& input, const std::vector<std::string>& extra = {});

/// The folders in which glibc's loader finds libraries of a machine by itself: those of ld.so.conf, then the built-in
/// ones; normal paths, each once.
struct LibraryFolders {
  std::vector<std::string> configured, built_in;
};
Result<LibraryFolders> library_folders(Root& root, const Abi& abi);

/// The folders in which a program's loader looks for the libraries that the program itself asks for, in order, without
/// reading any file: RPATH, `library_path`, RUNPATH, the loader's built-in folders. `origin`: the program's folder in
/// the image; `workdir`: what relative folders of `library_path` start from.
std::vector<std::string> loader_folders(const Object& program, const std::string& origin,
                                        const std::string& library_path, const std::string& workdir);

/// The interpreters that the first line of a script names: the one the kernel starts, and for `env NAME` that name;
/// none for other files.
std::vector<std::string> script_interpreters(const std::string& first_bytes);

}  // namespace slipway::elf
