package site

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// What stands in for Amazon Linux 2023 on Debian, all of it:
//
//   - dnf, which brings programs back that an image lacks (here)
//   - systemctl and systemd, which run the units (systemd_test.go), and cloud-init, which
//     runs the user data (instance.boot)
//   - the names httpd and php-fpm, their configuration as Amazon Linux ships it, and the
//     user apache (here)
//   - update-ca-trust, and where it takes certificates from; the AWS CLI, which Debian
//     gives certificates of its own, takes the machine's (here), and is forked for each
//     call from one that has started (awscli_test.go)
//   - the balancer (visitor), the metadata service and the name server (cloud)
var standins = map[string]string{
	"/usr/local/bin/systemctl": `#!/bin/sh
exec curl -sS --fail-with-body --max-time 120 --data-binary "$*" http://` + internet + `/ >&2
`,
	"/usr/local/bin/dnf": `#!/bin/bash
# Packages wait in a folder under the names of their programs.
set -eu
waiting=/usr/local/lib/dnf
for package; do
  case $package in
    awscli-2) programs=(aws) ;;
    httpd) programs=(httpd) ;;
    nftables) programs=(nft) ;;
    php-fpm) programs=(php-fpm) ;;
    php-cli) programs=(php) ;;
    s3fs-fuse) programs=(s3fs) ;;
    install | -y | --setopt=* | php-* | spal-release) programs=() ;;
    *) echo "No match for argument: $package" >&2; exit 1 ;;
  esac
  for program in "${programs[@]}"; do
    for path in "$waiting"/*/"$program"; do [[ ! -e $path ]] || mv "$path" /usr/"$(basename "$(dirname "$path")")"; done
  done
done
`,
	"/usr/local/bin/update-ca-trust": `#!/bin/sh
for anchor in /etc/pki/ca-trust/source/anchors/*.pem; do
  cat "$anchor" >>/etc/ssl/certs/ca-certificates.crt
  csplit -s -z -f /tmp/anchor- "$anchor" /BEGIN/ '{*}' # a bundle has several
  for one in /tmp/anchor-*; do mv "$one" "/etc/ssl/certs/$(openssl x509 -noout -hash -in "$one").0"; done
done
`,
	"/usr/sbin/httpd": `#!/bin/sh
exec /usr/sbin/apache2 -d /etc/httpd -f /etc/httpd/conf/httpd.conf "$@"
`,
	"/usr/sbin/php-fpm": `#!/bin/sh
exec /usr/sbin/php-fpm8.2 --fpm-config /etc/php-fpm.conf "$@"
`,
	"/usr/local/lib/systemd/system/httpd.service": `[Unit]
Description=The Apache HTTP Server
Wants=httpd-init.service
After=network.target
[Service]
Type=notify
ExecStartPre=/usr/bin/mkdir -p /run/httpd
ExecStart=/usr/sbin/httpd -DFOREGROUND
[Install]
WantedBy=multi-user.target
`,
	"/usr/local/lib/systemd/system/php-fpm.service": `[Unit]
Description=The PHP FastCGI Process Manager
After=network.target
[Service]
Type=notify
ExecStartPre=/usr/bin/mkdir -p /run/php-fpm
ExecStart=/usr/sbin/php-fpm --nodaemonize
[Install]
WantedBy=multi-user.target
`,
	"/etc/php-fpm.conf": `[global]
error_log = /var/log/php-fpm/error.log
daemonize = yes
include=/etc/php-fpm.d/*.conf
`,
	"/etc/php-fpm.d/www.conf": `[www]
user = apache
group = apache
listen = /run/php-fpm/www.sock
listen.owner = apache
listen.group = apache
pm = dynamic
pm.max_children = 50
pm.start_servers = 2
pm.min_spare_servers = 1
pm.max_spare_servers = 5
slowlog = /var/log/php-fpm/www-slow.log
php_admin_value[error_log] = /var/log/php-fpm/www-error.log
php_admin_flag[log_errors] = on
php_value[session.save_handler] = files
php_value[session.save_path] = /tmp
`,
	"/etc/httpd/conf/httpd.conf": `ServerRoot "/etc/httpd"
DefaultRuntimeDir /run/httpd
PidFile /run/httpd/httpd.pid
Listen 80
Include conf.modules.d/*.conf
User apache
Group apache
ServerAdmin root@localhost
ServerName localhost
<Directory />
    AllowOverride none
    Require all denied
</Directory>
DocumentRoot "/var/www/html"
<Directory "/var/www">
    AllowOverride None
    Require all granted
</Directory>
<Directory "/var/www/html">
    Options Indexes FollowSymLinks
    AllowOverride None
    Require all granted
</Directory>
<IfModule dir_module>
    DirectoryIndex index.html
</IfModule>
<Files ".ht*">
    Require all denied
</Files>
ErrorLog "/var/log/httpd/error_log"
LogLevel warn
LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined
LogFormat "%h %l %u %t \"%r\" %>s %b" common
CustomLog "/var/log/httpd/access_log" combined
TypesConfig /etc/mime.types
AddType text/html .shtml
AddDefaultCharset UTF-8
EnableSendfile on
IncludeOptional conf.d/*.conf
`,
	"/etc/httpd/conf.d/autoindex.conf": "IndexOptions FancyIndexing HTMLTable VersionSort\n",
	"/etc/httpd/conf.d/php.conf": `<Files ".user.ini">
    Require all denied
</Files>
AddType text/html .php
DirectoryIndex index.php
SetEnvIfNoCase ^Authorization$ "(.+)" HTTP_AUTHORIZATION=$1
<IfModule mod_proxy_fcgi.c>
    <FilesMatch \.(php|phar)$>
        SetHandler "proxy:unix:/run/php-fpm/www.sock|fcgi://localhost"
    </FilesMatch>
</IfModule>
`,
}

// modules are those of Apache that Amazon Linux loads and Debian has.
var modules = strings.Fields(`mpm_event access_compat actions alias allowmethods auth_basic authn_core authn_file authz_core authz_host authz_user
	autoindex cache deflate dir env expires ext_filter filter headers include mime negotiation proxy proxy_fcgi proxy_http
	remoteip reqtimeout rewrite setenvif socache_shmcb status substitute unique_id userdir vhost_alias cgid`)

// lacks makes an image without programs, which dnf can bring.
func lacks(programs ...string) string {
	script := "mkdir -p /usr/local/lib/dnf/{bin,sbin}\n"
	for _, program := range programs {
		script += `path=$(command -v ` + program + `); mv "$path" "/usr/local/lib/dnf/$(basename "$(dirname "$path")")"` + "\n"
	}
	return script
}

// putWordPress copies Debian's WordPress to where a site has it.
const putWordPress = `
	mkdir -p /var/www/html
	cp -rL /usr/share/wordpress/. /var/www/html 2>/dev/null || true
	rm -f /var/www/html/wp-config.php /var/www/html/.htaccess
	test -e /var/www/html/wp-settings.php
`

// images are the images that were made, by what they have.
var images struct {
	sync.Mutex
	made map[string]string
}

// image makes an image, or takes one that was made before: the stand-ins, and what a script
// does in it. It returns the folder that lies over the machine's own root.
func (c *cloud) image(script string) string {
	c.t.Helper()
	images.Lock()
	defer images.Unlock()
	if images.made == nil {
		images.made = map[string]string{}
	}
	if images.made[c.s3fs+script] == "" {
		images.made[c.s3fs+script] = c.newImage(script)
	}
	return images.made[c.s3fs+script]
}

func (c *cloud) newImage(script string) string {
	c.t.Helper()
	dir, err := os.MkdirTemp(work, "image-")
	require.NoError(c.t, err)
	upper := filepath.Join(dir, "upper")
	for path, text := range standins {
		put(c.t, filepath.Join(upper, path), text)
	}
	lines := ""
	for _, module := range modules {
		lines += "LoadModule " + module + "_module /usr/lib/apache2/modules/mod_" + module + ".so\n"
	}
	put(c.t, filepath.Join(upper, "/etc/httpd/conf.modules.d/00-base.conf"), lines)
	put(c.t, filepath.Join(upper, "/etc/pki/ca-trust/source/anchors/web.pem"), string(c.web.pem))
	put(c.t, filepath.Join(upper, "/tmp/aws"), awsClient)
	if c.s3fs != "" {
		program, err := os.ReadFile(c.s3fs)
		require.NoError(c.t, err)
		put(c.t, filepath.Join(upper, "/tmp/s3fs"), string(program))
	}
	require.NoError(c.t, shell(`
		mkdir -p "$1/scratch" "$1/rootfs"
		mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/scratch" overlay "$1/rootfs"
		trap 'umount -l "$1/rootfs"' EXIT
		mount --bind /dev "$1/rootfs/dev"
		rm -rf "$1/rootfs/var/www/html" "$1/rootfs/etc/systemd/system" "$1/rootfs/run/httpd" "$1/rootfs/etc/resolv.conf"
		mkdir -p "$1/rootfs/etc/systemd/system"
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin chroot "$1/rootfs" bash -euc '
			groupadd -g 48 apache
			useradd -u 48 -g 48 -M -d /usr/share/httpd -s /usr/sbin/nologin apache
			install -d -m 0700 /var/log/httpd
			install -d -m 0770 -o apache /var/log/php-fpm # both as the packages of Fedora have them
			update-ca-trust
			[[ ! -e /tmp/s3fs ]] || mv /tmp/s3fs /usr/bin/s3fs
			ln -sf /etc/ssl/certs/ca-certificates.crt /usr/lib/python3/dist-packages/awscli/botocore/cacert.pem
			mv /usr/bin/aws `+awsAlone+`
			mv /tmp/aws /usr/bin/aws
			'"$2"
		umount -l "$1/rootfs/dev"
		# Another test may still have the mount in its namespace, and what lies below instances may be written by none.
		cp -a "$1/upper" "$1/image"
	`, dir, script))
	return filepath.Join(dir, "image")
}

func put(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o755))
}

// archive packs Debian's WordPress as wordpress.org does.
func archive(t *testing.T) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	require.NoError(t, err)
	into := tar.NewWriter(zipped)
	const from = "/usr/share/wordpress"
	require.NoError(t, filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := os.Stat(path) // of what a link leads to
		name, _ := filepath.Rel(from, path)
		if err != nil || name == "wp-config.php" || name == ".htaccess" {
			return nil //nolint:nilerr // a link to what was not installed
		}
		header, err := tar.FileInfoHeader(info, "")
		require.NoError(t, err)
		header.Name, header.Uname, header.Gname = filepath.Join("wordpress", name), "", ""
		require.NoError(t, into.WriteHeader(header))
		if info.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = into.Write(text)
		return err
	}))
	require.NoError(t, into.Close())
	require.NoError(t, zipped.Close())
	return packed.Bytes()
}
