//! Listeners: what they are told, and what they say.

use super::IngressCloud;
use super::apply::tags;
use crate::answer::{Answer as _, present};
use crate::binding::{bound, made};
use aws_sdk_elasticloadbalancingv2::types::{
    self as aws, Action, ActionTypeEnum, Certificate, ListenerAttribute, RedirectActionConfig,
    RedirectActionStatusCodeEnum,
};
use moat::error::Failure;
use moat::ingress::listener::{Answer, SECURE, WantedListener};
use moat::ingress::observed::Listener;
use moat::ingress::{IngressSpec, IngressStep, desired, listener, shared};
use moat::plan::Bindings;
use moat::stage::Done;
use moat::tags::Owner;
use std::collections::{BTreeMap, BTreeSet};

impl IngressCloud {
    pub(super) async fn create_listener(
        &self,
        owner: &Owner,
        listener: &WantedListener,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.elb_once.create_listener().load_balancer_arn(bound(bindings, &desired::load_balancer())?);
        let call = call.port(i32::from(listener.port)).protocol(listener.protocol.as_str().into());
        let call = call.default_actions(action(listener, bindings)?).set_certificates(certificates(listener));
        let call = call.set_ssl_policy(policy(listener)).set_tags(Some(tags(owner, &listener.logical())));
        let answer = call.send().await.create(step)?;
        let arn = answer.map(|answer| answer.listeners.unwrap_or_default().into_iter().next()?.listener_arn);
        made(arn, step)
    }

    pub(super) async fn set_listener(
        &self,
        arn: &str,
        listener: &WantedListener,
        step: &IngressStep,
        bindings: &Bindings,
    ) -> Result<Done, Failure> {
        let call = self.elb_once.modify_listener().listener_arn(arn).protocol(listener.protocol.as_str().into());
        let call = call.default_actions(action(listener, bindings)?).set_certificates(certificates(listener));
        call.set_ssl_policy(policy(listener)).send().await.read(step).map(|_| Done::Changed)
    }

    pub(super) async fn set_listener_attributes(
        &self,
        arn: &str,
        attributes: &[(&'static str, String)],
        step: &IngressStep,
    ) -> Result<Done, Failure> {
        let of = |(key, value): &(&str, String)| ListenerAttribute::builder().key(*key).value(value).build();
        let call = self.elb_once.modify_listener_attributes().listener_arn(arn);
        let call = call.set_attributes(Some(attributes.iter().map(of).collect()));
        call.send().await.read(step).map(|_| Done::Changed)
    }

    pub(super) async fn add_certificates(
        &self,
        arn: &str,
        certificates: &[String],
        step: &IngressStep,
    ) -> Result<Done, Failure> {
        let of = |arn: &String| Certificate::builder().certificate_arn(arn).build();
        let call = self.elb_once.add_listener_certificates().listener_arn(arn);
        let call = call.set_certificates(Some(certificates.iter().map(of).collect()));
        call.send().await.read(step).map(|_| Done::Changed)
    }

    pub(super) async fn listeners(&self, spec: &IngressSpec, balancer: Option<&str>) -> Result<Vec<Listener>, Failure> {
        let Some(arn) = balancer else { return Ok(Vec::new()) };
        let mut listeners = self.listed(arn).await?;
        let wanted = spec.listeners();
        // Any other listener goes with its rules, and one of a network load balancer has none.
        for listener in listeners.iter_mut().filter(|it| wanted.iter().any(|wanted| wanted.port == it.port)) {
            if spec.door().is_some_and(|door| !door.is_network()) {
                listener.rules = self.rules(listener.arn.as_str()).await?;
            } else if spec.door().is_some_and(|door| !listener::attributes(door).is_empty()) {
                listener.attributes = self.listener_attributes(listener.arn.as_str()).await?;
            }
            let has_more = spec.own_door().is_some_and(|door| !door.additional_certificates.is_empty());
            if has_more && listener.certificate.is_some() {
                listener.additional_certificates = self.additional_certificates(listener.arn.as_str()).await?;
            }
        }
        Ok(listeners)
    }

    /// The listeners of another service's load balancer, with the rules of the one that leads to tasks.
    pub(super) async fn listeners_of_host(&self, balancer: &str) -> Result<Vec<Listener>, Failure> {
        let mut listeners = self.listed(balancer).await?;
        let main = shared::main(&listeners).map(|listener| listener.arn.clone());
        for listener in listeners.iter_mut().filter(|listener| Some(&listener.arn) == main.as_ref()) {
            listener.rules = self.rules(listener.arn.as_str()).await?;
        }
        Ok(listeners)
    }

    async fn listed(&self, balancer: &str) -> Result<Vec<Listener>, Failure> {
        let doing = format!("describe listeners of {balancer}");
        let found = self.elb.describe_listeners().load_balancer_arn(balancer).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        found.iter().map(|found| read(found, &doing)).collect()
    }

    async fn additional_certificates(&self, listener: &str) -> Result<BTreeSet<String>, Failure> {
        let doing = format!("describe certificates of {listener}");
        let found = self.elb.describe_listener_certificates().listener_arn(listener).into_paginator().items().send();
        let found = found.collect::<Result<Vec<_>, _>>().await.read(&doing)?;
        let others = found.iter().filter(|certificate| certificate.is_default() != Some(true));
        Ok(others.filter_map(|certificate| certificate.certificate_arn().map(str::to_owned)).collect())
    }

    async fn listener_attributes(&self, listener: &str) -> Result<BTreeMap<String, String>, Failure> {
        let answer = self.elb.describe_listener_attributes().listener_arn(listener).send().await;
        let answer = answer.read(format!("describe attributes of {listener}"))?;
        let pair = |it: &ListenerAttribute| Some((it.key()?.to_owned(), it.value().unwrap_or_default().to_owned()));
        Ok(answer.attributes().iter().filter_map(pair).collect())
    }
}

fn action(listener: &WantedListener, bindings: &Bindings) -> Result<Action, Failure> {
    Ok(match listener.answer {
        Answer::Forward => {
            let target = bound(bindings, &desired::target_group())?;
            Action::builder().r#type(ActionTypeEnum::Forward).target_group_arn(target).build()
        }
        // What is not said stays as the client asked for it: host, path and query.
        Answer::Redirect => {
            let to = RedirectActionConfig::builder().protocol("HTTPS").port(SECURE.to_string());
            let to = to.status_code(RedirectActionStatusCodeEnum::Http301).build();
            Action::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to).build()
        }
    })
}

fn certificates(listener: &WantedListener) -> Option<Vec<Certificate>> {
    let tls = listener.tls.as_ref()?;
    Some(vec![Certificate::builder().certificate_arn(&tls.certificate).build()])
}

fn policy(listener: &WantedListener) -> Option<String> {
    listener.tls.as_ref().map(|tls| tls.policy.clone())
}

fn read(found: &aws::Listener, doing: &str) -> Result<Listener, Failure> {
    let (forwards_to, redirects) = match found.default_actions() {
        [action] if action.r#type() == Some(&ActionTypeEnum::Forward) => {
            (action.target_group_arn().map(Into::into), false)
        }
        [action] => (None, action.redirect_config().is_some_and(is_to_https)),
        _ => (None, false),
    };
    let certificate = found.certificates().first().and_then(|it| it.certificate_arn());
    Ok(Listener {
        arn: present(found.listener_arn(), doing, "ARN")?.into(),
        port: found.port().and_then(|port| u16::try_from(port).ok()).unwrap_or_default(),
        protocol: found.protocol().map(|protocol| protocol.as_str().to_owned()).unwrap_or_default(),
        forwards_to,
        redirects,
        certificate: certificate.map(str::to_owned),
        additional_certificates: BTreeSet::new(),
        policy: found.ssl_policy().map(str::to_owned),
        attributes: BTreeMap::new(),
        rules: Vec::new(),
    })
}

/// AWS writes what was not said as a reference to what the client asked for ("RedirectActionConfig", ELB v2 API).
fn is_to_https(found: &RedirectActionConfig) -> bool {
    let is_kept = |part: Option<&str>, kept: &str| part.is_none_or(|part| part == kept);
    found.status_code() == Some(&RedirectActionStatusCodeEnum::Http301)
        && found.protocol() == Some("HTTPS")
        && found.port() == Some("443")
        && is_kept(found.host(), "#{host}")
        && is_kept(found.path(), "/#{path}")
        && is_kept(found.query(), "#{query}")
}
