//! Table of all options except the limits.

use super::setting::{SETTING, Setting, Take};
use super::settings::LogFormat;
use super::values::{self, ValueError};
use crate::io::Connection;
use instep_mqtt::DeviceId;
use instep_settings::PowerUp;
use instep_tokio::BrokerAddress;

/// All options. The first one is for a program with several applications.
pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        key: "app",
        value: Some("NAME"),
        about: "Application to serve; the command apps lists them",
        take: Take::One(|settings, text| {
            settings.app = values::application(settings.apps, text)?;
            Ok(())
        }),
        show: |settings| vec![settings.app.name().into()],
        ..SETTING
    },
    Setting {
        key: "addr",
        value: Some("HOST:PORT"),
        about: "Address and port to listen on. * is every address of this machine, port 0 is any free port, and \
            https:// before the address enables TLS",
        take: Take::Many(|settings, texts| {
            settings.addresses = values::each(texts, values::listener)?;
            if settings.addresses.is_empty() {
                let reason = "is not an address; at least one is needed".into();
                return Err(ValueError { text: String::new(), reason });
            }
            Ok(())
        }),
        show: |settings| settings.addresses.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "name",
        value: Some("NAME"),
        about: "Host name of the device; it also answers to NAME.local, NAME.lan and the like",
        unset: "this machine's name",
        take: Take::One(|settings, text| {
            settings.name = Some(values::host(text)?);
            Ok(())
        }),
        show: |settings| settings.name.iter().cloned().collect(),
        ..SETTING
    },
    Setting {
        key: "allow_host",
        value: Some("NAME"),
        about: "Additional host name to which the device answers",
        take: Take::Many(|settings, texts| {
            settings.hosts = values::each(texts, values::host)?;
            Ok(())
        }),
        show: |settings| settings.hosts.clone(),
        ..SETTING
    },
    Setting {
        key: "allow_origin",
        value: Some("ORIGIN"),
        about: "Let web pages and apps of another origin use the device, such as http://example.org or \
            capacitor://localhost. Warning: `null` and file:// allow every page from a file, and many programs",
        take: Take::Many(|settings, texts| {
            settings.origins = values::each(texts, values::origin)?;
            Ok(())
        }),
        show: |settings| settings.origins.clone(),
        ..SETTING
    },
    Setting {
        key: "allow_frame",
        value: Some("ORIGIN"),
        about: "Let web pages of another origin show the device in a frame, such as http://example.org",
        take: Take::Many(|settings, texts| {
            settings.frames = values::each(texts, values::frame)?;
            Ok(())
        }),
        show: |settings| settings.frames.clone(),
        ..SETTING
    },
    Setting {
        key: "trust_proxy",
        value: Some("ADDRESS"),
        about: "Trust X-Forwarded-For and X-Forwarded-Proto from the reverse proxy at ADDRESS, or from a network of proxies, \
            such as 172.16.0.0/12",
        take: Take::Many(|settings, texts| {
            settings.proxies = values::each(texts, values::proxy)?;
            Ok(())
        }),
        show: |settings| settings.proxies.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "base_path",
        value: Some("PATH"),
        about: "Path prefix that the reverse proxy does not strip, such as /device",
        unset: "none",
        take: Take::One(|settings, text| {
            settings.base_path = values::base_path(text)?;
            Ok(())
        }),
        show: |settings| {
            Some(settings.base_path.clone()).into_iter().filter(|path| !path.is_empty()).collect()
        },
        ..SETTING
    },
    Setting {
        key: "https_redirect",
        about: "Redirect pages that are opened without TLS to the first https:// address; programs and WebSockets are not redirected",
        take: Take::One(|settings, text| {
            settings.https_redirect = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.https_redirect.to_string()],
        ..SETTING
    },
    Setting {
        key: "page",
        value: Some("FILE|FOLDER"),
        about: "Serve this file at / instead of the application's page, or this folder, whose index.html is the page; \
            in .html files %NAME% is filled in",
        unset: "the application's page",
        take: Take::One(|settings, text| {
            settings.page = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.page.iter().map(|page| page.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "percent_escape",
        about: "Send %% in your own page as %, as ESPAsyncWebServer does",
        take: Take::One(|settings, text| {
            settings.percent_escape = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.percent_escape.to_string()],
        ..SETTING
    },
    Setting {
        key: "password",
        value: Some("PASSWORD"),
        about: "Password of the device",
        unset: "no password is needed",
        secret: true,
        take: Take::One(|settings, text| {
            settings.password = Some(values::password(text)?);
            Ok(())
        }),
        show: |settings| settings.password.iter().map(|_| "***".into()).collect(),
        ..SETTING
    },
    Setting {
        key: "password_file",
        value: Some("FILE"),
        about: "Read the password of the device from this file, instead of from the variable INSTEP_PASSWORD",
        unset: "INSTEP_PASSWORD, if it is set",
        take: Take::One(|settings, text| {
            settings.password_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.password_file.iter().map(|file| file.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "session_key_file",
        value: Some("FILE"),
        about: "Let sessions hold at every server with the key in this file and the same password, for 12 h; `instep keygen \
            --session FILE` makes a key",
        unset: "sessions hold at this server alone",
        take: Take::One(|settings, text| {
            settings.session_key_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.session_key_file.iter().map(|file| file.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "open",
        about: "Let everyone in the network use the device without a password",
        take: Take::One(|settings, text| {
            settings.open = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.open.to_string()],
        ..SETTING
    },
    Setting {
        key: "state_file",
        value: Some("FILE"),
        about: "Persist the application's values in this file, so that they survive a restart; the command reset removes it",
        unset: "nothing is persisted",
        take: Take::One(|settings, text| {
            settings.state_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.state_file.iter().map(|file| file.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "power_up",
        value: Some("STATE"),
        about: "State of the output at start: off, on, or last, which restores it from state_file",
        take: Take::One(|settings, text| {
            settings.power_up = match text {
                "off" => PowerUp::Off,
                "on" => PowerUp::On,
                "last" => PowerUp::Last,
                _ => return Err("is not a state of an output; use off, on or last".into()),
            };
            Ok(())
        }),
        show: |settings| {
            let state = match settings.power_up {
                PowerUp::Off => "off",
                PowerUp::On => "on",
                PowerUp::Last => "last",
            };
            vec![state.into()]
        },
        ..SETTING
    },
    Setting {
        key: "io",
        value: Some("NAME=PLACE"),
        about: "Connect an input or output of the application, such as led=gpiochip0:17 with a GPIO line (append :inverted if \
            the line is low when it is on), or bme280=i2c-1:0x77 with a device on an I2C bus",
        unset: "all inputs and outputs are simulated",
        take: Take::Many(|settings, texts| {
            settings.io = values::each(texts, Connection::parse)?;
            Connection::check(&settings.io).map_err(|(text, reason)| ValueError { text, reason })
        }),
        show: |settings| settings.io.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "metrics",
        value: Some("ADDR"),
        // OpenTelemetry's default port of a Prometheus exporter.
        alone: "127.0.0.1:9464",
        about: "Serve Prometheus metrics at /metrics on a separate address: HOST:PORT, or a port of 127.0.0.1",
        unset: "off",
        take: Take::One(|settings, text| {
            settings.metrics = Some(values::port_or_address(text)?);
            Ok(())
        }),
        show: |settings| settings.metrics.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "tls_cert",
        value: Some("FILE"),
        about: "Certificate chain for https:// in PEM, the device's own certificate first",
        unset: "none",
        take: Take::One(|settings, text| {
            settings.tls.certificate = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.tls.certificate.iter().map(|file| file.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "tls_key",
        value: Some("FILE"),
        about: "Private key of the certificate in --tls-cert, in PEM",
        unset: "none",
        take: Take::One(|settings, text| {
            settings.tls.key = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.tls.key.iter().map(|file| file.to_string_lossy().into()).collect(),
        ..SETTING
    },
    Setting {
        key: "tls_self_signed",
        about: "Generate a certificate for https:// and store it in the files of tls_cert and tls_key, or else in a folder of this user",
        take: Take::One(|settings, text| {
            settings.tls.self_signed = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.tls.self_signed.to_string()],
        ..SETTING
    },
    Setting {
        key: "mqtt",
        value: Some("URL"),
        about: "Publish the state at an MQTT broker and take commands from there: mqtt[s]://[USER@]HOST[:PORT][/PREFIX]",
        unset: "off",
        take: Take::One(|settings, text| {
            settings.mqtt = Some(BrokerAddress::parse(text)?);
            Ok(())
        }),
        show: |settings| settings.mqtt.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "mqtt_id",
        value: Some("ID"),
        about: "Id of the device at the broker, which is a part of its topics",
        unset: "the application's name and six digits, which stand for this machine and the port",
        take: Take::One(|settings, text| {
            settings.mqtt_id =
                Some(DeviceId::new(text).map_err(|error| format!("is not an id of a device: {error}"))?);
            Ok(())
        }),
        show: |settings| settings.mqtt_id.iter().map(ToString::to_string).collect(),
        ..SETTING
    },
    Setting {
        key: "mqtt_password",
        value: Some("PASSWORD"),
        about: "Password at the broker",
        unset: "none",
        secret: true,
        take: Take::One(|settings, text| {
            settings.mqtt_password = Some(values::broker_password(text)?);
            Ok(())
        }),
        show: |settings| settings.mqtt_password.iter().map(|_| "***".into()).collect(),
        ..SETTING
    },
    Setting {
        key: "mqtt_password_file",
        value: Some("FILE"),
        about: "Read the password at the broker from this file, instead of from the variable INSTEP_MQTT_PASSWORD",
        unset: "INSTEP_MQTT_PASSWORD, if it is set",
        take: Take::One(|settings, text| {
            settings.mqtt_password_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| {
            settings.mqtt_password_file.iter().map(|file| file.to_string_lossy().into()).collect()
        },
        ..SETTING
    },
    Setting {
        key: "mqtt_commands",
        about: "Take commands from the broker although the device has a password; a client that may write its topics then uses the \
            device without that password",
        take: Take::One(|settings, text| {
            settings.mqtt_commands = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.mqtt_commands.to_string()],
        ..SETTING
    },
    Setting {
        key: "log_format",
        value: Some("FORMAT"),
        about: "Format of the log on standard output: text, a line for people, or json, an object for programs",
        take: Take::One(|settings, text| {
            settings.log_format = match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("is not a log format; use text or json".into()),
            };
            Ok(())
        }),
        show: |settings| {
            let format = match settings.log_format {
                LogFormat::Text => "text",
                LogFormat::Json => "json",
            };
            vec![format.into()]
        },
        ..SETTING
    },
];
