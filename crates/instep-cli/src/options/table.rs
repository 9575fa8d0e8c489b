//! The options that are no limits, one after the other.

use super::settings::{LogFormat, Settings};
use super::values::{self, ValueError};
use crate::output::Line;
use crate::sensor::BusAddress;
use instep_settings::PowerUp;
/// An option: how it is called and what it means.
pub(super) struct Setting {
    /// Its name in the file. The flag is the same with dashes, the variable the same in capitals after INSTEP_.
    pub(super) key: &'static str,
    /// What its value is called in the help. `None`: it is a switch, whose values are `true` and `false`.
    pub(super) value: Option<&'static str>,
    /// What the flag without a value stands for; empty if there is always one.
    pub(super) alone: &'static str,
    pub(super) about: &'static str,
    /// What holds while it is not set; empty if it always is.
    pub(super) unset: &'static str,
    /// It comes by the environment alone, where no other user reads it, and is never printed.
    pub(super) secret: bool,
    pub(super) take: Take,
    /// Its values as `take` reads them, none if it is not set. A secret may show any text.
    pub(super) show: fn(&Settings) -> Vec<String>,
}

impl Setting {
    pub(super) fn is_list(&self) -> bool {
        matches!(self.take, Take::Many(_))
    }
}

/// How values get into [`Settings`].
pub(super) enum Take {
    One(fn(&mut Settings, &str) -> Result<(), String>),
    /// A list, which replaces what there was.
    Many(fn(&mut Settings, &[String]) -> Result<(), ValueError>),
}

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        key: "app",
        value: Some("NAME"),
        alone: "",
        about: "The application: `instep apps` lists them",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.app = values::application(text)?;
            Ok(())
        }),
        show: |settings| vec![settings.app.name().into()],
    },
    Setting {
        key: "addr",
        value: Some("HOST:PORT"),
        alone: "",
        about: "Where to listen: an address of this machine and a port. * stands for all of its addresses, \
            port 0 for any free one; with https:// before it, it is encrypted",
        unset: "",
        secret: false,
        take: Take::Many(|settings, texts| {
            settings.addresses = values::each(texts, values::listener)?;
            if settings.addresses.is_empty() {
                let reason = "is no address: there has to be one at least".into();
                return Err(ValueError { text: String::new(), reason });
            }
            Ok(())
        }),
        show: |settings| settings.addresses.iter().map(ToString::to_string).collect(),
    },
    Setting {
        key: "name",
        value: Some("NAME"),
        alone: "",
        about: "The device's own name in the network: it answers to NAME and NAME.local, NAME.lan and the like",
        unset: "this machine's name",
        secret: false,
        take: Take::One(|settings, text| {
            settings.name = Some(values::host(text)?);
            Ok(())
        }),
        show: |settings| settings.name.iter().cloned().collect(),
    },
    Setting {
        key: "allow_host",
        value: Some("NAME"),
        alone: "",
        about: "Another name by which browsers may call the device",
        unset: "",
        secret: false,
        take: Take::Many(|settings, texts| {
            settings.hosts = values::each(texts, values::host)?;
            Ok(())
        }),
        show: |settings| settings.hosts.clone(),
    },
    Setting {
        key: "allow_origin",
        value: Some("ORIGIN"),
        alone: "",
        about: "A web page or app from elsewhere that may use the device, such as http://example.org or \
            capacitor://localhost; `null` and file:// are those of all pages from files and of many programs",
        unset: "",
        secret: false,
        take: Take::Many(|settings, texts| {
            settings.origins = values::each(texts, values::origin)?;
            Ok(())
        }),
        show: |settings| settings.origins.clone(),
    },
    Setting {
        key: "allow_frame",
        value: Some("ORIGIN"),
        alone: "",
        about: "A web page from elsewhere that may show the device in a frame, such as http://example.org",
        unset: "",
        secret: false,
        take: Take::Many(|settings, texts| {
            settings.frames = values::each(texts, values::frame)?;
            Ok(())
        }),
        show: |settings| settings.frames.clone(),
    },
    Setting {
        key: "trust_proxy",
        value: Some("ADDRESS"),
        alone: "",
        about: "The address of a reverse proxy that says in X-Forwarded-For who asks, or its network, such as 172.16.0.0/12",
        unset: "",
        secret: false,
        take: Take::Many(|settings, texts| {
            settings.proxies = values::each(texts, values::proxy)?;
            Ok(())
        }),
        show: |settings| settings.proxies.iter().map(ToString::to_string).collect(),
    },
    Setting {
        key: "base_path",
        value: Some("PATH"),
        alone: "",
        about: "What a reverse proxy puts before every path and leaves there, such as /device",
        unset: "none",
        secret: false,
        take: Take::One(|settings, text| {
            settings.base_path = values::base_path(text)?;
            Ok(())
        }),
        show: |settings| {
            Some(settings.base_path.clone()).into_iter().filter(|path| !path.is_empty()).collect()
        },
    },
    Setting {
        key: "https_redirect",
        value: None,
        alone: "",
        about: "Lead whoever opens a page without TLS to the first address with https://; programs are not led",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.https_redirect = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.https_redirect.to_string()],
    },
    Setting {
        key: "page",
        value: Some("FILE|FOLDER"),
        alone: "",
        about: "Serve this file at / in place of the application's page, or the files of this folder with index.html as the \
            page; in .html files %NAME% is filled in",
        unset: "the application's page",
        secret: false,
        take: Take::One(|settings, text| {
            settings.page = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.page.iter().map(|page| page.to_string_lossy().into()).collect(),
    },
    Setting {
        key: "percent_escape",
        value: None,
        alone: "",
        about: "In a page of your own, %% stands for %, as in ESPAsyncWebServer",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.percent_escape = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.percent_escape.to_string()],
    },
    Setting {
        key: "password",
        value: Some("PASSWORD"),
        alone: "",
        about: "The password that the device asks for",
        unset: "nobody is asked for one",
        secret: true,
        take: Take::One(|settings, text| {
            settings.password = Some(values::password(text)?);
            Ok(())
        }),
        show: |settings| settings.password.iter().map(|_| "***".into()).collect(),
    },
    Setting {
        key: "password_file",
        value: Some("FILE"),
        alone: "",
        about: "The file that holds the password that the device asks for, unless the variable INSTEP_PASSWORD does",
        unset: "INSTEP_PASSWORD has the password, if there is one",
        secret: false,
        take: Take::One(|settings, text| {
            settings.password_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.password_file.iter().map(|file| file.to_string_lossy().into()).collect(),
    },
    Setting {
        key: "open",
        value: None,
        alone: "",
        about: "Let everybody in the network use the device, without a password",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.open = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.open.to_string()],
    },
    Setting {
        key: "state_file",
        value: Some("FILE"),
        alone: "",
        about: "Keep in this file what is to survive the end of the program; `instep reset` removes it",
        unset: "nothing is kept",
        secret: false,
        take: Take::One(|settings, text| {
            settings.state_file = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.state_file.iter().map(|file| file.to_string_lossy().into()).collect(),
    },
    Setting {
        key: "power_up",
        value: Some("STATE"),
        alone: "",
        about: "How the output is at the start: off, on, or last, as it was, which needs state_file",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.power_up = match text {
                "off" => PowerUp::Off,
                "on" => PowerUp::On,
                "last" => PowerUp::Last,
                _ => return Err("is no state of an output at the start; there are off, on and last".into()),
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
    },
    Setting {
        key: "gpio",
        value: Some("LINE"),
        alone: "",
        about: "The line of this machine that the application's output drives: CHIP:LINE, such as gpiochip0:17, with \
            :inverted behind it if low is on",
        unset: "the output is simulated",
        secret: false,
        take: Take::One(|settings, text| {
            settings.gpio = Some(Line::parse(text)?);
            Ok(())
        }),
        show: |settings| settings.gpio.iter().map(ToString::to_string).collect(),
    },
    Setting {
        key: "bme280",
        value: Some("BUS"),
        alone: "",
        about: "The I2C bus of this machine with the BME280 that measures the weather, such as i2c-1, or i2c-1:0x77 if that is \
            its address",
        unset: "the weather is simulated",
        secret: false,
        take: Take::One(|settings, text| {
            settings.bme280 = Some(BusAddress::parse(text)?);
            Ok(())
        }),
        show: |settings| settings.bme280.iter().map(ToString::to_string).collect(),
    },
    Setting {
        key: "metrics",
        value: Some("ADDR"),
        // The port that OpenTelemetry gives to what Prometheus reads.
        alone: "127.0.0.1:9464",
        about: "Tell what a Prometheus server wants to know, at /metrics on an address of its own: a port of this \
            machine alone, or HOST:PORT",
        unset: "off",
        secret: false,
        take: Take::One(|settings, text| {
            settings.metrics = Some(values::port_or_address(text)?);
            Ok(())
        }),
        show: |settings| settings.metrics.iter().map(ToString::to_string).collect(),
    },
    Setting {
        key: "tls_cert",
        value: Some("FILE"),
        alone: "",
        about: "The certificate for https:// in PEM, the device's own first",
        unset: "none",
        secret: false,
        take: Take::One(|settings, text| {
            settings.tls.certificate = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.tls.certificate.iter().map(|file| file.to_string_lossy().into()).collect(),
    },
    Setting {
        key: "tls_key",
        value: Some("FILE"),
        alone: "",
        about: "The key of that certificate, in PEM",
        unset: "none",
        secret: false,
        take: Take::One(|settings, text| {
            settings.tls.key = Some(values::file(text)?);
            Ok(())
        }),
        show: |settings| settings.tls.key.iter().map(|file| file.to_string_lossy().into()).collect(),
    },
    Setting {
        key: "tls_self_signed",
        value: None,
        alone: "",
        about: "Make a certificate for https:// and keep it, in these two files or else in a folder of this user",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.tls.self_signed = text == "true";
            Ok(())
        }),
        show: |settings| vec![settings.tls.self_signed.to_string()],
    },
    Setting {
        key: "log_format",
        value: Some("FORMAT"),
        alone: "",
        about: "How the log is written to standard output: text, a line for people, or json, an object for \
            programs",
        unset: "",
        secret: false,
        take: Take::One(|settings, text| {
            settings.log_format = match text {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return Err("is not a format of the log; there are text and json".into()),
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
    },
];
