#include "slipway/elf/closure.h"

#include <algorithm>
#include <deque>

#include "elf/search_folders.h"
#include "elf/version_proof.h"
#include "slipway/base/text.h"

namespace slipway::elf {
namespace {

constexpr std::size_t kMaxObjects = 10000;
constexpr const char* kProgramFolders[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                           "/usr/bin",        "/sbin",          "/bin"};

/// Functions for which glibc loads a library by itself when a program calls them.
constexpr const char* kCancelling[] = {"pthread_cancel", "pthread_exit", "backtrace"};

bool is_musl_loader(const std::string& path) { return name_in(path).starts_with("ld-musl-"); }

/// musl's loader is its C library: these names are never searched.
bool is_part_of_musl(const std::string& name) {
  for (const char* part : {"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."}) {
    if (name.starts_with(part)) return true;
  }
  return false;
}

/// One process as the loader would set it up.
class Process {
 public:
  Process(const Roots& roots, const Input& input) : roots_(roots), input_(input) {}

  Result<Closure> run(const std::vector<std::string>& extra) {
    SLIPWAY_ASSIGN(const auto object, input_.file.root->object(input_.file));
    if (object == nullptr) {
      SLIPWAY_TRY(run_script());
      return std::move(out_);
    }
    if (!object->dynamic) return std::move(out_);
    abi_ = object->abi;
    SLIPWAY_TRY(load_program(object));
    for (std::size_t i = 0; i < loaded_.size(); ++i)
      SLIPWAY_TRY(load_needs(loaded_[i]));
    SLIPWAY_TRY(load_run_time(extra));
    if (flavour_ == Flavour::glibc) prove_versions(loaded_, out_.problems, out_.warnings);
    // A plugin finds symbols in the program that loads it, which nobody knows here.
    if (!object->interpreter.empty()) prove_symbols(loaded_, out_.problems);
    for (std::size_t i = 1; i < loaded_.size(); ++i)
      out_.files.push_back(
          {loaded_[i].file, loaded_[i].names.front(), loaded_[i].by->file.path, loaded_[i].at_run_time});
    return std::move(out_);
  }

 private:
  void problem(std::string message, std::string hint) {
    out_.problems.push_back(Error(Errc::verification_failed, std::move(message)).with_hint(std::move(hint)));
  }

  std::vector<Root*> every_root() const {
    std::vector<Root*> all = roots_.image;
    if (roots_.supply != nullptr) all.push_back(roots_.supply);
    return all;
  }

  Result<std::optional<FoundFile>> find_anywhere(const std::string& path) {
    for (Root* root : every_root()) {
      SLIPWAY_ASSIGN(auto found, root->find(path));
      if (found) return found;
    }
    return std::optional<FoundFile>();
  }

  /// The interpreter's own needs are another process.
  Status run_script() {
    SLIPWAY_ASSIGN(const std::string start, input_.file.root->read(input_.file, 256));
    std::string by = input_.file.path;
    for (const std::string& name : script_interpreters(start)) {
      SLIPWAY_ASSIGN(auto found, find_program(name));
      if (!found) {
        problem(fmt::format("{} is a script for {}, which does not exist", printable(by, 4096), printable(name, 4096)),
                "install it, name its system with \"sysroot\", or choose a base that has it");
        return {};
      }
      SLIPWAY_ASSIGN(Closure inner, Process(roots_, {*found, {}}).run({}));
      out_.files.push_back({*std::move(found), name, input_.file.path, false});
      const auto append = [](auto& to, auto& from) {
        to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
      };
      append(out_.files, inner.files);
      append(out_.bridges, inner.bridges);
      append(out_.problems, inner.problems);
      append(out_.warnings, inner.warnings);
    }
    return {};
  }

  Result<std::optional<FoundFile>> find_program(const std::string& name) {
    if (name.starts_with('/')) return find_anywhere(name);
    std::vector<std::string> folders = roots_.rules.program_folders;
    if (folders.empty()) folders.assign(std::begin(kProgramFolders), std::end(kProgramFolders));
    for (const std::string& folder : folders) {
      SLIPWAY_ASSIGN(auto found, find_anywhere(normal_path(folder + "/" + name)));
      if (found) return found;
    }
    return std::optional<FoundFile>();
  }

  Status load_program(const std::shared_ptr<const Object>& object) {
    loaded_.push_back({input_.file, object, {}, nullptr, {parent_of(input_.file.target), input_.local}, false});
    const bool musl_library = std::any_of(object->needed.begin(), object->needed.end(),
                                          [](const std::string& name) { return name.starts_with("libc.musl-"); });
    if (musl_library) flavour_ = Flavour::musl;
    const std::string& interpreter = object->interpreter;
    if (interpreter.empty()) return {};
    if (is_musl_loader(interpreter)) flavour_ = Flavour::musl;
    SLIPWAY_ASSIGN(auto found, find_anywhere(interpreter));
    if (!found) {
      problem(fmt::format("{}: its loader {} does not exist", printable(input_.file.path, 4096),
                          printable(interpreter, 4096)),
              "install the C library it was built with, or name the root folder of its system with \"sysroot\"");
      return {};
    }
    SLIPWAY_ASSIGN(auto loader, found->root->object(*found));
    if (loader == nullptr || !loader->abi.fits(abi_)) {
      problem(fmt::format("{}: its loader {} of {} is for another machine", printable(input_.file.path, 4096),
                          printable(interpreter, 4096), found->root->name()),
              "name the root folder of the program's system with \"sysroot\"");
      return {};
    }
    add(*std::move(found), std::move(loader), interpreter, loaded_.front());
    return {};
  }

  Loaded& add(FoundFile file, std::shared_ptr<const Object> object, const std::string& name, const Loaded& by) {
    Loaded next{std::move(file), std::move(object), {name}, &by, {}, loading_at_run_time_};
    next.origin.path = parent_of(next.file.path);
    if (!next.object->soname.empty()) next.names.push_back(next.object->soname);
    if (name_in(name) != name) next.names.push_back(name_in(name));
    loaded_.push_back(std::move(next));
    return loaded_.back();
  }

  Status load_needs(const Loaded& by) {
    for (const std::string& name : by.object->needed) {
      SLIPWAY_ASSIGN(const bool there, load(name, by));
      if (there) continue;
      problem(fmt::format("{} needs {}, which the loader would not find ({})", printable(by.file.path, 4096),
                          printable(name, 300), places_searched()),
              "install it, add it under \"files\", or name the root folder of its system with \"sysroot\"");
    }
    return {};
  }

  std::string places_searched() const {
    std::string out;
    for (Root* root : every_root())
      out += (out.empty() ? "in " : ", ") + root->name();
    return out;
  }

  /// Libraries that programs open themselves: what they declare, what glibc opens for them, what the caller knows.
  Status load_run_time(const std::vector<std::string>& extra) {
    loading_at_run_time_ = true;
    const std::size_t needs_known = loaded_.size();
    for (const std::string& name : extra) {
      SLIPWAY_ASSIGN(const bool there, load(name, loaded_.front()));
      if (!there)
        problem(fmt::format("{} is said to load {}, which was not found ({})", printable(input_.file.path, 4096),
                            printable(name, 300), places_searched()),
                "install it, or correct the name");
    }
    const std::size_t known = loaded_.size();
    for (std::size_t i = 0; i < known; ++i)
      SLIPWAY_TRY(load_wishes(loaded_[i]));
    if (flavour_ == Flavour::glibc && calls_cancel()) SLIPWAY_TRY(load("libgcc_s.so.1", loaded_.front()));
    for (std::size_t i = needs_known; i < loaded_.size(); ++i)
      SLIPWAY_TRY(load_needs(loaded_[i]));
    return {};
  }

  Status load_wishes(const Loaded& by) {
    for (const DlopenWish& wish : by.object->dlopens) {
      if (wish.priority == "suggested") continue;
      bool there = false;
      for (std::size_t i = 0; i < wish.sonames.size() && !there; ++i) {
        SLIPWAY_ASSIGN(there, load(wish.sonames[i], by));
      }
      if (there || wish.priority != "required") continue;
      out_.warnings.emplace_back(
          Errc::failed, fmt::format("{} declares that it loads {} at run time ({}), which was not found",
                                    printable(by.file.path, 4096), printable(wish.sonames[0], 300),
                                    printable(wish.description.empty() ? wish.feature : wish.description, 300)));
    }
    return {};
  }

  bool calls_cancel() const {
    // The C library asks on behalf of every object in the process, not of the program alone; its own parts do not
    // count.
    return std::any_of(loaded_.begin(), loaded_.end(), [](const Loaded& loaded) {
      const auto& imports = loaded.object->imports;
      if (!loaded.names.empty() && loaded.names.front() == "libc.so.6") return false;
      return std::any_of(std::begin(kCancelling), std::end(kCancelling), [&imports](const char* name) {
        return std::find(imports.begin(), imports.end(), name) != imports.end();
      });
    });
  }

  /// True when the library is loaded now, or was.
  Result<bool> load(const std::string& name, const Loaded& by) {
    if (roots_.rules.without.contains(name)) return true;
    for (const Loaded& known : loaded_) {
      if (std::find(known.names.begin(), known.names.end(), name) != known.names.end()) return true;
    }
    if (flavour_ == Flavour::musl && is_part_of_musl(name)) {
      if (loaded_.size() > 1 && is_musl_loader(loaded_[1].names.front())) return true;
    }
    if (loaded_.size() > kMaxObjects)
      return fail(Errc::malformed, "{} loads more than {} libraries", printable(input_.file.path, 4096), kMaxObjects);
    if (name.find('/') != std::string::npos) return load_path(name, by);
    SLIPWAY_ASSIGN(bool found, load_from_run_paths(name, by));
    if (!found) {
      SLIPWAY_ASSIGN(found, load_from_system(name, by));
    }
    if (!found) {
      SLIPWAY_ASSIGN(found, load_variant(name, by));
    }
    return found;
  }

  /// A library that is there for newer processors only, the oldest of them first.
  Result<bool> load_variant(const std::string& name, const Loaded& by) {
    if (flavour_ != Flavour::glibc) return false;
    bool found = false;
    for (const std::string& variant : processor_variants(abi_)) {
      subfolder_ = "/glibc-hwcaps/" + variant;
      SLIPWAY_ASSIGN(found, load_from_run_paths(name, by));
      if (!found) {
        SLIPWAY_ASSIGN(found, load_from_system(name, by));
      }
      subfolder_.clear();
      if (!found) continue;
      out_.warnings.emplace_back(
          Errc::failed, fmt::format("{} needs {}, which exists for {} processors only", printable(by.file.path, 4096),
                                    printable(name, 300), variant));
      return true;
    }
    return false;
  }

  /// A name with a slash is a path.
  Result<bool> load_path(const std::string& name, const Loaded& by) {
    if (!name.starts_with('/') && !name.starts_with('$')) {
      const std::string path = normal_path(roots_.rules.workdir + "/" + name);
      return try_folder(every_root(), {parent_of(path), {}}, name_in(path), by);
    }
    for (const SearchFolder& path : run_path(name, by.origin, abi_, lib_for(name))) {
      SLIPWAY_ASSIGN(const bool found, try_folder(every_root(), {parent_of(path.path), {}}, name_in(path.path), by));
      if (found) return true;
    }
    return false;
  }

  /// The value of $LIB: the loader of a multiarch system was built with that folder's name.
  std::string lib_for(const std::string& text) {
    if (text.find("LIB") == std::string::npos) return {};
    if (lib_) return *lib_;
    const std::string multiarch = multiarch_name(abi_);
    bool there = false;
    for (Root* root : every_root()) {
      const auto names = root->list("/lib/" + multiarch);
      there = there || (!multiarch.empty() && names && !names->empty());
    }
    lib_ = there ? "lib/" + multiarch : abi_.bits == 64 ? "lib64" : "lib";
    return *lib_;
  }

  /// RPATHs of the asking object and of those that had it loaded, unless it has a RUNPATH, which counts alone.
  /// musl takes both from the whole chain.
  Result<bool> load_from_run_paths(const std::string& name, const Loaded& by) {
    const bool musl = flavour_ == Flavour::musl;
    std::vector<SearchFolder> folders;
    const auto append = [&](const std::string& text, const Loaded& of) {
      if (input_.privileged && text.find("ORIGIN") != std::string::npos) return;
      for (SearchFolder& folder : run_path(text, of.origin, abi_, lib_for(text)))
        folders.push_back(std::move(folder));
    };
    if (musl) append_environment(folders);
    if (musl || by.object->runpath.empty()) {
      for (const Loaded* of = &by; of != nullptr; of = of->by) {
        append(of->object->rpath, *of);
        if (musl) append(of->object->runpath, *of);
      }
    }
    if (!musl) append_environment(folders);
    if (!musl) append(by.object->runpath, by);
    for (const SearchFolder& folder : folders) {
      SLIPWAY_ASSIGN(const bool found, try_folder(every_root(), folder, name, by));
      if (found) return true;
    }
    return false;
  }

  void append_environment(std::vector<SearchFolder>& folders) const {
    if (input_.privileged) return;
    for (const std::string& folder : roots_.rules.library_path)
      folders.push_back({normal_path(folder.starts_with('/') ? folder : roots_.rules.workdir + "/" + folder), {}});
  }

  const SystemFolders* folders_of(Root* root) {
    for (const auto& [known, folders] : system_) {
      if (known == root) return &folders;
    }
    return nullptr;
  }

  Result<bool> load_from_system(const std::string& name, const Loaded& by) {
    for (Root* root : every_root()) {
      if (folders_of(root) == nullptr) {
        const std::string& loader = loaded_.front().object->interpreter;
        SLIPWAY_ASSIGN(SystemFolders folders, system_folders(*root, abi_, flavour_, loader));
        system_.emplace_back(root, std::move(folders));
      }
    }
    SLIPWAY_ASSIGN(const bool in_image, load_from_configured(roots_.image, name, by));
    if (in_image) return true;
    if (roots_.supply == nullptr) return false;
    SLIPWAY_ASSIGN(const bool supplied, load_from_configured({roots_.supply}, name, by));
    if (supplied) bridge(name, loaded_.back());
    return supplied;
  }

  Result<bool> load_from_configured(const std::vector<Root*>& roots, const std::string& name, const Loaded& by) {
    std::vector<std::string> configured, built_in;
    for (Root* root : roots) {
      const SystemFolders& folders = *folders_of(root);
      configured.insert(configured.end(), folders.configured.begin(), folders.configured.end());
      for (const std::string& folder : folders.built_in) {
        if (std::find(built_in.begin(), built_in.end(), folder) == built_in.end()) built_in.push_back(folder);
      }
    }
    for (const std::string& folder : configured) {
      const bool hidden =
          by.object->no_default_folders && std::find(built_in.begin(), built_in.end(), folder) != built_in.end();
      if (hidden) continue;
      SLIPWAY_ASSIGN(const bool found, try_folder(roots, {folder, {}}, name, by));
      if (found) return true;
    }
    if (by.object->no_default_folders) return false;
    for (const std::string& folder : built_in) {
      SLIPWAY_ASSIGN(const bool found, try_folder(roots, {folder, {}}, name, by));
      if (found) return true;
    }
    return false;
  }

  /// The image's loader does not know the folders that the supply's configuration adds: the library gets a name where
  /// it looks, beside the C library.
  void bridge(const std::string& name, const Loaded& loaded) {
    const std::vector<std::string>& built_in = folders_of(roots_.supply)->built_in;
    const std::string folder = parent_of(loaded.file.path);
    if (std::find(built_in.begin(), built_in.end(), folder) != built_in.end()) return;
    for (Root* root : roots_.image) {
      const auto& known = folders_of(root)->configured;
      if (std::find(known.begin(), known.end(), folder) != known.end()) return;
    }
    std::string beside = built_in.empty() ? "/lib" : built_in.front();
    for (const Loaded& other : loaded_) {
      const bool libc = !other.names.empty() && other.names.front() == "libc.so.6";
      if (libc) beside = parent_of(other.file.path);
    }
    out_.bridges.push_back({beside + "/" + name, loaded.file.path});
  }

  /// Loads the first file of that name that fits, in the order of the roots.
  Result<bool> try_folder(const std::vector<Root*>& roots, const SearchFolder& folder, const std::string& name,
                          const Loaded& by) {
    for (Root* root : roots) {
      SLIPWAY_ASSIGN(auto found, root->find(folder.path + subfolder_ + "/" + name));
      if (!found) continue;
      SLIPWAY_ASSIGN(const bool loaded, try_file(*std::move(found), name, by));
      if (loaded) return true;
    }
    if (folder.local.empty() || roots_.local == nullptr) return false;
    SLIPWAY_ASSIGN(auto found, roots_.local->find(folder.local + "/" + name));
    if (!found) return false;
    // In the image it is one file beside the program, whatever names it had.
    found->links.clear();
    found->path = found->target = normal_path(folder.path + "/" + name);
    const std::string local = parent_of(found->real);
    SLIPWAY_ASSIGN(const bool loaded, try_file(*std::move(found), name, by));
    if (loaded) loaded_.back().origin.local = local;
    return loaded;
  }

  Result<bool> try_file(FoundFile found, const std::string& name, const Loaded& by) {
    SLIPWAY_ASSIGN(auto object, found.root->object(found));
    if (object == nullptr || !object->abi.fits(abi_)) return false;  // passed over, as the loader does
    add(std::move(found), std::move(object), name, by);
    return true;
  }

  const Roots& roots_;
  const Input& input_;
  Abi abi_;
  Flavour flavour_ = Flavour::glibc;
  std::deque<Loaded> loaded_;  ///< a deque: what is loaded points to what had it loaded
  std::vector<std::pair<Root*, SystemFolders>> system_;
  std::optional<std::string> lib_;
  bool loading_at_run_time_ = false;
  std::string subfolder_;  ///< "/glibc-hwcaps/VARIANT" while a variant is looked for
  Closure out_;
};

}  // namespace

Result<Closure> find_closure(const Roots& roots, const Input& input, const std::vector<std::string>& extra) {
  return Process(roots, input).run(extra);
}

Result<LibraryFolders> library_folders(Root& root, const Abi& abi) {
  SLIPWAY_ASSIGN(SystemFolders folders, system_folders(root, abi, Flavour::glibc, ""));
  return LibraryFolders{std::move(folders.configured), std::move(folders.built_in)};
}

std::vector<std::string> script_interpreters(const std::string& first_bytes) {
  if (!first_bytes.starts_with("#!")) return {};
  std::vector<std::string> words;
  std::string line = first_bytes.substr(2, first_bytes.find('\n') - 2);
  std::replace(line.begin(), line.end(), '\t', ' ');
  for (std::string& word : split(line, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  if (words.empty()) return {};
  std::vector<std::string> out = {words[0]};
  if (name_in(words[0]) != "env") return out;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i].starts_with('-') || words[i].find('=') != std::string::npos) continue;  // env's own words
    out.push_back(words[i]);
    break;
  }
  return out;
}

}  // namespace slipway::elf
