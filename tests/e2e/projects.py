"""A small project with two environments, for the tests of releases."""
from harness import check_equal

KUBERNETES = """\
# A comment that stays.   \t
apiVersion: apps/v1
kind: Deployment
metadata: {name: "hello"}
spec:
  template:
    spec:
      containers:
      - name:   hello
        image: registry.example.com/team/hello:latest # and this one
        args: ['a', "b"]
      - name: other
        image: registry.example.com/team/other:v9
"""


class Project:
    """A folder with slipway.yaml, its files and config; places are locations, `repository` that of the build."""

    def __init__(self, world, repository="oci:./images", staging=None, production=None, ledger=None, platforms=("amd64",),
                 settle=None):
        self.world = world
        self.folder = world.folder / "project"
        self.env = {}
        place = lambda where: f'\n    repository: "{where}"' if where else ""
        architectures = ", ".join("linux/" + name for name in platforms)
        self._write("slipway.yaml", f"""\
app: hello
image:
  repository: "{repository}"
  base: scratch
  platforms: [{architectures}]
  layers:
    - name: app
      files: [{{from: "build/{{arch}}/app", to: /usr/bin/app, mode: "0755"}}]
    - name: data
      files: [{{from: data/, to: /srv/}}]
  config: {{entrypoint: [/usr/bin/app]}}
environments:
  staging:{place(staging)}
    config: {{env-file: deploy/staging.env}}
  production:{place(production)}
    after: [staging]
    config: {{env-file: deploy/production.env}}
""" + self._ledger(ledger, settle))
        self._write("deploy/staging.env", "GREETING=hello from staging\n")
        self._write("deploy/production.env", "# a comment\nGREETING=hello from production\nPORT=8080\n")
        self._write("deploy/kubernetes.yaml", KUBERNETES)
        self.platforms = platforms
        self.edition("first")

    @staticmethod
    def _ledger(repository, settle):
        words = [f'repository: "{repository}"'] if repository else []
        words += [f"settle: {settle}"] if settle else []
        return f"ledger: {{{', '.join(words)}}}\n" if words else ""

    def _write(self, name, text):
        self.world.write(f"project/{name}", text)

    def edition(self, text):
        """Changes the program, so that the next build is another one."""
        for arch in self.platforms:
            self._write(f"build/{arch}/app", f"{text} edition for {arch}")
        self._write("data/list", "one\ntwo\n" * 200)

    def slipway(self, *argv, **options):
        options.setdefault("env", {})
        return self.world.slipway(*argv, cwd=self.folder, **{**options, "env": {**self.env, **options["env"]}})

    def build(self):
        return self.slipway("build", "--push").digest

    def ship(self, text):
        """A new edition, built, released to staging and promoted to production; its digest."""
        self.edition(text)
        digest = self.build()
        self.slipway("release", "staging")
        check_equal(self.slipway("promote", "staging", "production").digest, digest, "the promoted digest")
        return digest

    def history(self, environment, **options):
        return self.slipway("history", environment, "-o", "json", **options).document["releases"]

    def status(self):
        """{environment: row} of `status`."""
        return {row["environment"]: row for row in self.slipway("status", "-o", "json").document["apps"][0]["environments"]}
